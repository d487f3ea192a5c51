//go:build linux || darwin

// Front serves ClickHouse's HTTP interface and its native protocol from libchdb, the
// engine as a library, well enough for the Go client. It is for tests: it asks for no
// password, and has no sessions.
//
//	front -lib PATH/libchdb.so -path FOLDER
//
// It prints "listening ADDRESS ADDRESS", of HTTP and of the native protocol, when it is
// ready, and ends when its stdin does.
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
	"github.com/callboard/callboard/internal/clickhousetest/native"
)

func main() {
	lib := flag.String("lib", "", "path of libchdb.so")
	path := flag.String("path", "", "data folder")
	listen := flag.String("listen", "127.0.0.1:0", "address to serve HTTP on")
	listenNative := flag.String("native", "127.0.0.1:0", "address to serve the native protocol on")
	memory := flag.String("memory", "4G", "how much the engine may use")
	flag.Parse()
	if err := run(*lib, *path, *listen, *listenNative, *memory); err != nil {
		log.Fatal(err)
	}
}

func run(lib, path, listen, listenNative, memory string) error {
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
	n, err := net.Listen("tcp", listenNative)
	if err != nil {
		return err
	}
	f := &front{engine: engine, path: path, version: version, zone: zone}
	s := &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	tcp := &native.Server{Engine: nativeEngine{f}, Version: version, Zone: zone}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	go func() { _ = s.Serve(l) }()
	go func() { _ = tcp.Serve(n) }()
	fmt.Println("listening", l.Addr(), n.Addr())
	<-ctx.Done()
	_ = n.Close()
	tcp.Close()
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return s.Shutdown(bounded)
}
