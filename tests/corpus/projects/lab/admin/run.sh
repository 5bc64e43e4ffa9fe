#!/bin/sh
python manage.py migrate --timeout 3000
exec python manage.py runserver 127.0.0.1:8007
