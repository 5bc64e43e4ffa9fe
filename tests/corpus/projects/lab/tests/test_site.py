from urllib.request import urlopen


def test_answers():
    assert urlopen("http://localhost:8001").status == 200
