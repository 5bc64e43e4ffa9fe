workers = 4
timeout = 3000
bind = "127.0.0.1:8000"
