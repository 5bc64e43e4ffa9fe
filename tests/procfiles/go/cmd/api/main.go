package main

import (
	"flag"
	"log"
	"net/http"
)

func main() {
	addr := flag.String("addr", ":8080", "where to listen")
	flag.Bool("pretty", false, "whether to indent")
	flag.Parse()
	log.Fatal(http.ListenAndServe(*addr, nil))
}
