from __future__ import annotations

import logging

import uvicorn
from fastapi import FastAPI

from .client import rows

logging.basicConfig(level=20)
app = FastAPI(title="model", version="2024.1")
TIMEOUT = 3000


@app.get("/")
async def root() -> dict[str, int]:
    return {"rows": len(await rows()), "limit": 5000}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8000, log_level="info")
