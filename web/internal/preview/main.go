// Command preview serves the portal's pages with the sample organisation, to
// look at them: go run ./web/internal/preview.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/callboard/callboard/web"
	"github.com/callboard/callboard/web/internal/sample"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	empty := flag.Bool("empty", false, "serve a portal before its first source")
	flag.Parse()
	if err := serve(*listen, *empty); err != nil {
		log.Fatal(err)
	}
}

func serve(listen string, empty bool) error {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "preview")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	open := sample.Acme
	if empty {
		open = func(ctx context.Context, folder string) (*sample.World, error) {
			return sample.New(ctx, folder, sample.Now)
		}
	}
	world, err := open(ctx, folder)
	if err != nil {
		return err
	}
	defer world.Close()

	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Use(middleware.Gzip(), middleware.SecureWithConfig(middleware.SecureConfig{
		ContentSecurityPolicy: "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
	}))
	config := world.Config(slog.Default())
	if empty {
		config.Sources = nil
	}
	site := web.New(config)
	site.Register(e)
	e.HTTPErrorHandler = func(err error, c echo.Context) {
		if err := site.Error(c, err); err != nil {
			slog.Error("no page, not even of an error", "error", err)
		}
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("preview: listening on http://%s\n", l.Addr())
	return (&http.Server{Handler: e, ReadHeaderTimeout: 5 * time.Second}).Serve(l)
}
