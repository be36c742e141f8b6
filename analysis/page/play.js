// Two training images, what lies in between, and what the models make of it. The probabilities were measured at evenly
// spaced λ; in between two of them they are joined by a straight line.
(() => {
  const section = document.querySelector(".play");
  if (!section) return;
  const { classes, methods, pairs } = JSON.parse(document.getElementById("play-content").textContent);
  const MOST = 12; // classes that have a row each; of more, the likeliest
  const choice = section.querySelector("select");
  const slider = section.querySelector("input");
  const value = section.querySelector("output");
  const status = section.querySelector("[role=status]");
  const [second, mix, first] = section.querySelectorAll("canvas");
  const [secondName, mixName, firstName] = section.querySelectorAll("figcaption");
  const rows = section.querySelector("tbody");
  let pixels = null; // of the first and the second image
  let shown = []; // the classes with a row
  let chosen = 0;

  const percent = (share) => `${Math.round(100 * share)} %`;

  function read(image) {
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }

  function put(canvas, content) {
    canvas.width = content.width;
    canvas.height = content.height;
    canvas.getContext("2d").putImageData(content, 0, 0);
  }

  function probabilities(measured, lam) {
    const at = lam * (measured.length - 1);
    const low = Math.min(Math.floor(at), measured.length - 2);
    return measured[low].map((p, k) => p + (at - low) * (measured[low + 1][k] - p));
  }

  function best(p) {
    return p.indexOf(Math.max(...p));
  }

  function draw() {
    const lam = Number(slider.value);
    const pair = pairs[chosen];
    const [one, other] = pair.labels.map((label) => classes[label]);
    const blend = new ImageData(pixels[0].width, pixels[0].height);
    for (let k = 0; k < blend.data.length; k++) {
      blend.data[k] = lam * pixels[0].data[k] + (1 - lam) * pixels[1].data[k];
    }
    put(mix, blend);
    value.textContent = lam.toFixed(2);
    const share = `${percent(lam)} ${one}, ${percent(1 - lam)} ${other}`;
    mix.setAttribute("aria-label", `mixed image: ${share}`);
    slider.setAttribute("aria-valuetext", `λ ${lam.toFixed(2)}: ${share}`);
    mixName.textContent = share;
    const all = pair.p.map((measured) => probabilities(measured, lam));
    shown.forEach((label, row) => {
      all.forEach((p, method) => {
        const bar = rows.rows[row].cells[method + 1].firstChild;
        bar.firstChild.style.width = `${(100 * p[label]).toFixed(1)}%`;
        bar.lastChild.textContent = percent(p[label]);
      });
    });
    const said = all.map((p, method) => {
      const missed = pair.labels.includes(best(p)) ? "" : ": a miss";
      return `${methods[method].name} says ${classes[best(p)]} (${percent(p[best(p)])})${missed}`;
    });
    status.textContent = `${said.join("; ")}.`;
  }

  function choose() {
    chosen = Number(choice.value);
    const pair = pairs[chosen];
    const likeliest = (k) => Math.max(...pair.p.flat().map((p) => p[k]));
    const order = classes.map((_, k) => k);
    if (order.length > MOST) {
      order.sort((a, b) => pair.labels.includes(b) - pair.labels.includes(a) || likeliest(b) - likeliest(a));
    }
    shown = order.slice(0, MOST);
    rows.replaceChildren(...shown.map((label) => {
      const row = document.createElement("tr");
      const name = document.createElement("th");
      name.scope = "row";
      name.textContent = classes[label];
      if (pair.labels.includes(label)) name.className = "of-pair";
      row.append(name, ...methods.map(({ color }) => {
        const cell = document.createElement("td");
        const bar = document.createElement("div");
        bar.className = "bar";
        const fill = document.createElement("span");
        fill.style.background = color;
        bar.append(fill, document.createElement("b"));
        cell.append(bar);
        return cell;
      }));
      return row;
    }));
    const images = pair.images.map((source) => {
      const image = new Image();
      image.src = `data:image/png;base64,${source}`;
      return image;
    });
    Promise.all(images.map((image) => image.decode())).then(() => {
      if (pair !== pairs[chosen]) return;
      pixels = images.map(read);
      put(first, pixels[0]);
      put(second, pixels[1]);
      [[first, firstName, 0, 1], [second, secondName, 1, 0]].forEach(([canvas, caption, which, lam]) => {
        const name = classes[pair.labels[which]];
        canvas.setAttribute("aria-label", `training image: ${name}`);
        caption.textContent = `${name} (λ = ${lam})`;
      });
      draw();
    });
  }

  methods.forEach(({ name }) => {
    const head = document.createElement("th");
    head.scope = "col";
    head.textContent = name;
    section.querySelector("thead tr").append(head);
  });
  pairs.forEach((pair, k) => {
    const [one, other] = pair.labels.map((label) => classes[label]);
    choice.add(new Option(`${k + 1}: ${other} to ${one}`, k));
  });
  choice.addEventListener("change", choose);
  slider.addEventListener("input", draw);
  section.hidden = false;
  choose();
})();
