import grpc

channel = grpc.insecure_channel("localhost:50051", options=[("grpc.keepalive_time_ms", 10000)])
