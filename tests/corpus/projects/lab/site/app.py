"""The site: Flask, in 2024."""

from flask import Flask, jsonify

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 16 * 1024 * 1024
PAGE_SIZE = 1000


@app.get("/")
def index():
    return jsonify(size=PAGE_SIZE, status=200)


if __name__ == "__main__":
    app.run(host="127.0.0.1", debug=False)
