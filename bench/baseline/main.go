// Command baseline answers the requests of the load with the bytes that another
// server has given, from a bare Echo handler with a map: what HTTP itself costs
// on this machine. It records them when it starts.
//
//	go run ./bench/baseline -from http://127.0.0.1:8080 -entities 10000 -listen 127.0.0.1:8081
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/callboard/callboard/bench/population"
	"github.com/callboard/callboard/bench/traffic"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var (
		from      = flag.String("from", "http://127.0.0.1:8080", "the server whose answers are recorded")
		tokenFile = flag.String("token", "", "file with a token to record with")
		entities  = flag.Int("entities", 1000, "how many entities the population has")
		seed      = flag.Uint64("seed", 1, "the population's seed")
		address   = flag.String("listen", "127.0.0.1:8081", "address to serve on; port 0 takes a free one")
		only      = flag.String("only", "by name|page$|OR|text|facets|count|refs", "regular expression for the names of the requests to record")
	)
	flag.Parse()
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	token := ""
	if *tokenFile != "" {
		b, err := os.ReadFile(*tokenFile)
		if err != nil {
			return fmt.Errorf("read the token: %w", err)
		}
		token = strings.TrimSpace(string(b))
	}
	p, err := population.New(*entities, *seed)
	if err != nil {
		return err
	}
	target, err := traffic.NewTarget(*from, token)
	if err != nil {
		return err
	}
	answers := map[traffic.Request]answer{}
	for _, c := range traffic.Cases(p, *seed) {
		if wanted.MatchString(c.Name) {
			if err := record(ctx, target, c, answers); err != nil {
				return fmt.Errorf("record %s: %w", c.Name, err)
			}
		}
	}
	return serve(ctx, *address, answers)
}

// answer is what a server has answered.
type answer struct {
	status      int
	contentType string
	body        []byte
}

func record(ctx context.Context, t traffic.Target, c traffic.Case, answers map[traffic.Request]answer) error {
	conn, err := traffic.Dial(ctx, t)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, r := range c.Requests {
		a, err := conn.Do(ctx, r)
		if err != nil {
			return err
		}
		answers[r] = answer{a.Status, a.Type, append([]byte(nil), a.Body...)}
	}
	return nil
}

func serve(ctx context.Context, address string, answers map[traffic.Request]answer) error {
	e := echo.New()
	e.GET("/*", func(c echo.Context) error {
		return write(c, answers[traffic.Request{Path: c.Request().RequestURI}])
	})
	e.POST("/*", func(c echo.Context) error {
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return err
		}
		return write(c, answers[traffic.Request{Path: c.Request().RequestURI, Body: string(body)}])
	})
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() }) //nolint:errcheck // Serve says how it ended
	fmt.Printf("baseline: listening on http://%s with %d answers\n", l.Addr(), len(answers))
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func write(c echo.Context, a answer) error {
	if a.status == 0 {
		return echo.NewHTTPError(http.StatusNotFound, "this was not recorded")
	}
	return c.Blob(a.status, a.contentType, a.body)
}
