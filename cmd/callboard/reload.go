package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// intake is the present one.
func (p *portal) intake() *intake { return p.current.Load() }

// reload makes another configuration count: what is received and what is being
// handled meanwhile is lost to nobody. The error is of kind fault.Invalid if it
// cannot count; the one before goes on then.
func (p *portal) reload(ctx context.Context, c config.Config) error {
	if what := fixed(p.config, c); what != "" {
		p.logger.WarnContext(ctx, "a part of the configuration counts from the next start on", "part", what)
	}
	next, err := p.newIntake(c)
	if err != nil {
		return fault.New(fault.Invalid, "%w", err)
	}
	select {
	case p.next <- next:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fixed names the first part of a configuration that cannot change while the
// portal runs, and did.
func fixed(was, is config.Config) string {
	for _, part := range []struct {
		name    string
		was, is any
	}{
		{"server", was.Server, is.Server},
		{"data", was.Data, is.Data},
		{"name", was.Name, is.Name},
		{"log", was.Log, is.Log},
		{"history", was.History, is.History},
		{"deliveries", was.Deliveries, is.Deliveries},
		{"catalog.kinds", was.Catalog.Kinds, is.Catalog.Kinds},
	} {
		if !reflect.DeepEqual(part.was, part.is) {
			return part.name
		}
	}
	return ""
}

// takeIn runs the present intake, and those that [portal.reload] puts in its
// place, until ctx ends.
func (p *portal) takeIn(ctx context.Context) error {
	for ctx.Err() == nil {
		in := p.intake()
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- in.run(running, p.options.demo) }()
		var err error
		select {
		case err = <-ended:
			stop()
			return err
		case next := <-p.next:
			// What it handles is finished first: two must not read one repository.
			stop()
			err = <-ended
			p.current.Store(next)
			p.door.Serve(next.sources)
			p.logger.InfoContext(ctx, "another configuration counts", "sources", len(next.sources))
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("stop what the configuration before had running: %w", err)
		}
	}
	return nil
}
