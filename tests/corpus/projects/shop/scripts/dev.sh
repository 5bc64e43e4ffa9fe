#!/usr/bin/env bash
# Starts everything; port 9999 is not meant.
set -eu
export BACKEND_PORT=4012
sleep 1000 &
PORT=4010 node backend/server.js &
curl -fsS --max-time 3000 http://localhost:4010/health
nc -z localhost 5432
ulimit -n 65535
