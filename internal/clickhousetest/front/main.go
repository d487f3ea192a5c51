//go:build linux || darwin

// Front serves ClickHouse's HTTP interface from libchdb, the engine as a library,
// well enough for the Go client. It is for tests: it asks for no password, and has
// neither sessions nor the native protocol.
//
//	front -lib PATH/libchdb.so -path FOLDER
//
// It prints "listening ADDRESS" when it is ready, and ends when its stdin does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/callboard/callboard/internal/clickhousetest/chdb"
)

func main() {
	lib := flag.String("lib", "", "path of libchdb.so")
	path := flag.String("path", "", "data folder")
	listen := flag.String("listen", "127.0.0.1:0", "address to serve on")
	memory := flag.String("memory", "4G", "how much the engine may use")
	flag.Parse()
	if err := run(*lib, *path, *listen, *memory); err != nil {
		log.Fatal(err)
	}
}

func run(lib, path, listen, memory string) error {
	engine, err := chdb.Load(lib)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	// One session stays open: the engine stops with the last one.
	root, err := engine.Open("--path="+path, "--max_server_memory_usage="+memory)
	if err != nil {
		return err
	}
	defer engine.Shutdown()
	defer root.Close()
	about, err := root.Query("SELECT version(), timezone()", "TSV", nil)
	if err != nil {
		return err
	}
	version, zone, _ := strings.Cut(strings.TrimSpace(string(about)), "\t")
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: &front{engine: engine, path: path, version: version, zone: zone}, ReadHeaderTimeout: time.Minute}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go func() { _ = s.Serve(l) }()
	fmt.Println("listening", l.Addr())
	<-ctx.Done()
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.Shutdown(bounded)
}
