import json
from urllib.request import urlopen

URL = "http://localhost:8001"
REDIS = f"redis://localhost:6379/{1}"


async def rows(limit=1000):
    with urlopen("http://localhost:8001/rows", timeout=3000) as answer:
        return json.load(answer)
