DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "localhost",
        "PORT": "5432",
        "CONN_MAX_AGE": 6000,
    }
}
CACHES = {"default": {"LOCATION": "redis://127.0.0.1:6380/1", "TIMEOUT": 3000}}
CSRF_TRUSTED_ORIGINS = ["http://localhost:8001"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10240
SESSION_COOKIE_AGE = 12096
EMAIL_PORT = 1025
SUPPORT_CODE = 8443
