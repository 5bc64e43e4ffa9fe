import numpy as np

ports = np.array([80, 443, 8080])
x = np.linspace(0, 5000, 1024)
report = {"year": 2024, "import": 3000, "export": 4000, "transport": 8080}
