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

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
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

	if !empty {
		if err := extras(ctx, world); err != nil {
			return err
		}
	}

	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Use(middleware.Gzip(), middleware.SecureWithConfig(middleware.SecureConfig{
		ContentSecurityPolicy: "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
	}))
	config := world.Config(slog.Default())
	if empty {
		sample.Only(&config)
	} else if config.Subscribers, err = world.Subscribe(ctx); err != nil {
		return err
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

// extras adds what the tests make for themselves: an entity that is declared
// twice, and a location that can be registered.
func extras(ctx context.Context, w *sample.World) error {
	const target = "https://git.acme.example/acme/till/blob/main/catalog-info.yaml"
	keeper, ok := w.Entities.Snapshot().Get("component:default/ledger")
	if !ok {
		return fmt.Errorf("the sample has no ledger")
	}
	other := keeper.Origin
	other.Repository, other.RepositoryID, other.URL = "acme/books", "books", "https://git.acme.example/acme/books/blob/main/catalog-info.yaml"
	twice := event.EntityConflicted{With: keeper.Origin, EntityRejected: event.EntityRejected{
		Ref: keeper.Ref, Origin: other, Problems: []event.Problem{{Line: 1, Column: 1, Message: "is declared in acme/ledger already"}},
	}}
	if _, err := w.Add(sample.Now, "github", keeper.Ref, event.Actor{Login: "mossbank"}, event.Cause{}, twice); err != nil {
		return err
	}
	w.Locations.Answers[target] = web.Preview{
		Entities: []web.PreviewEntity{
			{Ref: "component:default/till", Title: "The till", File: "catalog-info.yaml", Is: web.PreviewNew},
			{Ref: "component:default/cart", File: "catalog-info.yaml", Is: web.PreviewChanged, Changes: []catalog.Change{{Path: "spec.owner", Op: catalog.Changed, Before: "checkout", After: "payments"}}},
			{Ref: keeper.Ref, File: "more.yaml", Is: web.PreviewConflict, With: &keeper.Origin},
			{Ref: "system:default/payments", File: "more.yaml", Is: web.PreviewSame},
		},
		Problems: []web.PreviewProblem{{File: "broken.yaml", Problem: event.Problem{Path: "spec.type", Line: 7, Column: 3, Message: "must be a string"}}},
	}
	id, err := w.Locations.Register(ctx, "https://git.acme.example/acme/people/blob/main/org.yaml")
	if err != nil {
		return err
	}
	w.Locations.Read[id] = web.LocationState{Read: sample.Now}
	if err := w.Connected(2300); err != nil {
		return err
	}
	if err := w.Push(ctx, sample.Push{At: sample.Now, Repository: "acme/people", Path: "org.yaml", Parent: "location:default/" + id,
		Text: "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: larkspur}\nspec: {memberOf: [ledger]}\n"}); err != nil {
		return err
	}
	return w.Settle(ctx)
}
