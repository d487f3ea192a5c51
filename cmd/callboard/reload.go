package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/callboard/callboard/api"
	gitsource "github.com/callboard/callboard/ingest/git"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// intake is the present one.
func (p *portal) intake() *intake { return p.current.Load() }

// reloadOn reads the configuration again whenever it is asked to, until ctx ends.
func (p *portal) reloadOn(ctx context.Context, asked <-chan os.Signal, load func() (config.Config, error)) error {
	for {
		select {
		case <-asked:
		case <-ctx.Done():
			return nil
		}
		c, err := load()
		if err == nil {
			err = p.reload(ctx, c)
		}
		if err != nil {
			p.logger.ErrorContext(ctx, "the configuration stays as it was", "error", err)
		}
	}
}

// reload makes another file's configuration count, beside the sources that were
// connected: what is received and what is being handled meanwhile is lost to
// nobody. The error is of kind fault.Invalid if it cannot count; the one before
// goes on then.
func (p *portal) reload(ctx context.Context, file config.Config) error {
	p.connecting.Lock()
	defer p.connecting.Unlock()
	stored, err := config.ReadSources(p.storedSources())
	if err != nil {
		return err
	}
	if what := fixed(p.config, file); what != "" {
		p.logger.WarnContext(ctx, "a part of the configuration counts from the next start on", "part", what)
	}
	if err := p.replace(ctx, file, stored); err != nil {
		return err
	}
	p.file = file
	return p.subscribers.Serve(ctx, p.sentTo(file))
}

// replace has the intake replaced.
func (p *portal) replace(ctx context.Context, file config.Config, stored []config.Source) error {
	c, err := together(file, stored)
	if err != nil {
		return err
	}
	next, err := p.newIntake(c, len(file.Sources))
	if err != nil {
		return fault.New(fault.Invalid, "%w", err)
	}
	swapped := make(chan struct{})
	select {
	case p.next <- replacement{next, swapped}:
	case <-ctx.Done():
		return ctx.Err()
	}
	<-swapped // what was handed over will be: ctx may not make it look as if it were not
	return nil
}

// replacement is an intake that is to be the present one.
type replacement struct {
	intake  *intake
	swapped chan struct{} // closed when it is
}

// together is a file's configuration with the sources that were connected.
func together(file config.Config, stored []config.Source) (config.Config, error) {
	all := slices.Clone(file.Sources)
	for _, s := range stored {
		if placeOf(all, s.Name) >= 0 {
			return file, fault.New(fault.Conflict, "source %s stands in the configuration and among those that were connected: rename it in the configuration, or disconnect the other", s.Name)
		}
		all = append(all, s)
	}
	file.Sources = all
	return file, nil
}

func (p *portal) storedSources() string { return filepath.Join(p.config.Data, fileConnected) }

// connect adds a source, or changes one that was connected before, see [changed]. The
// error is of kind fault.Conflict if a source of this name stands in the configuration.
func (p *portal) connect(ctx context.Context, s config.Source) error {
	p.connecting.Lock()
	defer p.connecting.Unlock()
	return p.restore(ctx, func(stored []config.Source) ([]config.Source, error) {
		if placeOf(p.file.Sources, s.Name) >= 0 {
			return nil, fault.New(fault.Conflict, "source %s stands in the configuration file: it is changed there; choose another name for one more", s.Name)
		}
		i := placeOf(stored, s.Name)
		if i < 0 {
			return append(stored, withSecret(s)), notLocal(s)
		}
		var err error
		if stored[i], err = changed(stored[i], s); err == nil {
			err = notLocal(stored[i])
		}
		return stored, err
	})
}

// notLocal refuses to read a folder of the portal's machine because somebody connects it.
func notLocal(s config.Source) error {
	if s.Type == config.Git && (gitsource.Remote{URL: s.URL}).Local() {
		return fault.New(fault.Invalid, "source %s: url: a folder is not connected to a running portal; write {name: %[1]s, type: git, url: %s} below sources in the portal's configuration file, and have it be read again with SIGHUP", s.Name, s.URL)
	}
	return nil
}

// addition is a source that is added.
type addition struct {
	source config.Source
	key    string // of its App, if it is one
	// untried sources are taken deliveries of, and are not read, until [portal.tried].
	untried bool
}

// add adds a source. The error is of kind fault.Conflict if there is one of its name;
// that, and the key of its App, stay as they are.
func (p *portal) add(ctx context.Context, a addition) error {
	p.connecting.Lock()
	defer p.connecting.Unlock()
	s, free := a.source, false
	err := p.restore(ctx, func(stored []config.Source) ([]config.Source, error) {
		if placeOf(stored, s.Name) >= 0 || placeOf(p.file.Sources, s.Name) >= 0 {
			return nil, fault.New(fault.Conflict, "there is a source %s by now: choose another name", s.Name)
		}
		if err := notLocal(s); err != nil {
			return nil, err
		}
		free = true
		if a.untried {
			p.untried[s.Name] = true
		}
		if a.key != "" {
			if err := config.Keep(p.keyFile(s.Name), []byte(a.key)); err != nil {
				return nil, fmt.Errorf("keep the key of the App: %w", err)
			}
		}
		return append(stored, s), nil
	})
	if err != nil && free {
		err = errors.Join(err, p.forget(s.Name))
	}
	return err
}

// tried has a source read that was not, since its webhook was being made.
func (p *portal) tried(ctx context.Context, name string) error {
	p.connecting.Lock()
	defer p.connecting.Unlock()
	delete(p.untried, name)
	return p.restore(ctx, func(stored []config.Source) ([]config.Source, error) { return stored, nil })
}

// disconnect takes a connected source away, and the key of an App that was made for
// it; what the catalog knows of it stays.
func (p *portal) disconnect(ctx context.Context, name string) error {
	p.connecting.Lock()
	defer p.connecting.Unlock()
	err := p.restore(ctx, func(stored []config.Source) ([]config.Source, error) {
		i := placeOf(stored, name)
		if i < 0 {
			return nil, p.notConnected(name)
		}
		return slices.Delete(stored, i, i+1), nil
	})
	if err != nil {
		return err
	}
	return p.forget(name)
}

// amend gives a source that was connected other settings. The forge, or the remote, is
// asked first whether it can be read so. The error is of kind fault.NotFound if there is
// none of this name, and fault.Conflict for one of the configuration file.
func (p *portal) amend(ctx context.Context, name string, c api.SourceChange) error {
	was, err := p.connected(name)
	if err != nil {
		return err
	}
	is, err := amended(was, c)
	if err != nil {
		return err
	}
	if is.Type != config.CloudEvents && asksAnew(was, is) {
		at, err := newAtForge(is, func(int) {})
		if err == nil {
			err = at.check(ctx)
		}
		if err != nil {
			return err
		}
	}
	p.connecting.Lock()
	defer p.connecting.Unlock()
	return p.restore(ctx, func(stored []config.Source) ([]config.Source, error) {
		i := placeOf(stored, name)
		if i < 0 {
			return nil, p.notConnected(name)
		}
		var err error
		stored[i], err = amended(stored[i], c)
		return stored, err
	})
}

// asksAnew reports whether a source asks other questions than it did, or with another
// token.
func asksAnew(was, is config.Source) bool {
	return is.Token != was.Token || is.Branch != was.Branch || !slices.Equal(is.Organizations, was.Organizations) || !slices.Equal(is.Groups, was.Groups) ||
		!slices.Equal(is.Repositories, was.Repositories)
}

// connected is a source that was connected, as it is kept.
func (p *portal) connected(name string) (config.Source, error) {
	p.connecting.Lock()
	defer p.connecting.Unlock()
	stored, err := config.ReadSources(p.storedSources())
	if err != nil {
		return config.Source{}, err
	}
	if i := placeOf(stored, name); i >= 0 {
		return stored[i], nil
	}
	return config.Source{}, p.notConnected(name)
}

// notConnected is why a source cannot be changed here. The caller holds p.connecting.
func (p *portal) notConnected(name string) error {
	if placeOf(p.file.Sources, name) >= 0 {
		return fault.New(fault.Conflict, "source %s stands in the configuration file: it is changed, and taken away, there", name)
	}
	return fault.New(fault.NotFound, "there is no source %q in the configuration", name)
}

// placeOf is where a source stands in a list; -1 if it is not in it.
func placeOf(all []config.Source, name string) int {
	return slices.IndexFunc(all, func(s config.Source) bool { return s.Name == name })
}

// forget drops what is kept of a source that is none any more, and that nothing reads by
// now: how its webhook stands, the key of its App, if there is one, its clone and what its
// forge answered. The caller holds p.connecting.
func (p *portal) forget(source string) error {
	delete(p.untried, source)
	if err := p.hooks.forget(source); err != nil {
		return err
	}
	if err := os.Remove(p.keyFile(source)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete the key of the App: %w", err)
	}
	for _, cache := range []string{answersOf(p.config.Data, source), cloneOf(p.config.Data, source)} {
		if err := os.RemoveAll(cache); err != nil {
			return fmt.Errorf("delete what was kept of source %s, so as not to ask for it again: %w", source, err)
		}
	}
	return nil
}

// restore changes the sources that were connected, on disk and in what runs. The
// caller holds p.connecting.
func (p *portal) restore(ctx context.Context, change func([]config.Source) ([]config.Source, error)) error {
	path := p.storedSources()
	before, err := config.ReadSources(path)
	if err != nil {
		return err
	}
	after, err := change(slices.Clone(before))
	if err != nil {
		return err
	}
	if _, err := together(p.file, after); err != nil {
		return err
	}
	if err := p.disjoint(ctx, before, after); err != nil {
		return err
	}
	if err := p.noteSources(ctx, before, after); err != nil {
		return err
	}
	err = config.WriteSources(path, after)
	if err == nil {
		err = p.replace(ctx, p.file, after)
	}
	if err != nil { // it is on record, and so is that it came to nothing
		err = errors.Join(err, config.WriteSources(path, before), p.noteSources(context.WithoutCancel(ctx), after, before))
	}
	return err
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
		{"notices.grace", was.Notices.Grace, is.Notices.Grace},
		{"techdocs", was.TechDocs, is.TechDocs},
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
		if err := p.takeOver(ctx, in); err != nil {
			return err
		}
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- in.run(running, !p.telling.Load()) }()
		var err error
		select {
		case err = <-ended:
			stop()
			return err
		case next := <-p.next:
			// What it handles is finished first: two must not read one repository.
			stop()
			err = <-ended
			next.intake.surveyor.TakeOver(in.surveyor, func(source string) bool { return sameSource(in.config, next.intake.config, source) })
			p.current.Store(next.intake)
			p.door.Serve(next.intake.sources)
			close(next.swapped)
			p.logger.InfoContext(ctx, "another configuration counts", "sources", len(next.intake.sources))
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			return fmt.Errorf("stop what the configuration before had running: %w", err)
		}
	}
	return nil
}

// sameSource reports whether a source is configured as it was.
func sameSource(was, is config.Config, name string) bool {
	named := func(s config.Source) bool { return s.Name == name }
	i, j := slices.IndexFunc(was.Sources, named), slices.IndexFunc(is.Sources, named)
	return i >= 0 && j >= 0 && reflect.DeepEqual(was.Sources[i], is.Sources[j])
}
