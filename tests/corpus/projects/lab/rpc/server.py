from concurrent import futures

import grpc

OPTIONS = [("grpc.max_receive_message_length", 50_000)]


def main():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10), options=OPTIONS)
    server.add_insecure_port("[::]:50051")
    server.start()
    server.wait_for_termination(timeout=86400)
