"""GANs that learn points of the plane: what they are to learn (`targets`), the networks of all seeds at once
(`networks`), what they minimise (`losses`), how they are trained (`pair`), and what is measured of them (`measures`).
"""
