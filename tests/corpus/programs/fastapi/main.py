from __future__ import annotations

import uvicorn
from fastapi import FastAPI

PORT = 21509
app = FastAPI()


@app.get("/")
def root() -> str:
    return "fastapi"


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
