from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    port: int = 8000
    batch: int = 4096
    database_url: str = "postgresql://lab@localhost:5433/lab"
