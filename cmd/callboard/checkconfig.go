package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
)

// config checks a configuration, and the descriptors on this machine that its
// locations lead to.
func (k *checker) config(ctx context.Context, p process, file string) error {
	c, err := config.Load(file, p.Env)
	if err != nil {
		fmt.Fprintln(k.out, err)
		k.problems++
		k.kinds = kindsOf(c)
		return nil
	}
	k.kinds = kindsOf(c)
	stored, err := config.ReadSources(filepath.Join(c.Data, fileConnected))
	all := c
	if err == nil {
		all, err = together(c, stored)
	}
	if err != nil { // the portal would not start
		fmt.Fprintln(k.out, err)
		k.problems++
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	k.subscribers(file, text, all)
	o, err := locationsOptions(c.Catalog)
	if err != nil {
		return err
	}
	for i, l := range o.Configured {
		field := fmt.Sprintf("catalog.locations[%d].target", i)
		wrong := func(message string) {
			line, column := config.Locate(text, field)
			k.problem(file, line, column, field+" "+message)
		}
		if l.Type == "url" {
			if u, err := url.Parse(l.Target); err == nil && !readable(u, o.Allow, c.Sources) {
				wrong(fmt.Sprintf("is at %s, which must not be read: add it to catalog.reading.allow, or connect the forge as a source", u.Host))
			}
			continue
		}
		v, err := ingest.PreviewFile(ctx, k.kinds, o.Rules, l.Target)
		if err != nil {
			wrong(err.Error())
			continue
		}
		k.preview(v, wrong)
	}
	return nil
}

// subscribers checks that the filters of subscribers can select something.
func (k *checker) subscribers(file string, text []byte, c config.Config) {
	for i, s := range c.Subscribers {
		wrong := func(field, format string, args ...any) {
			path := fmt.Sprintf("subscribers[%d].filter.%s", i, field)
			line, column := config.Locate(text, path)
			k.problem(file, line, column, path+" "+fmt.Sprintf(format, args...))
		}
		if kind := s.Filter.Kind; kind != "" && !slices.ContainsFunc(k.kinds, func(known catalog.Kind) bool { return strings.EqualFold(known.Name, kind) }) {
			wrong("kind", "selects nothing: there is no kind %q", kind)
		}
		name := s.Filter.Source
		// What the portal says by itself has a source that begins with a slash.
		if name != "" && name != ingest.LocationsSource && name[0] != '/' && !slices.ContainsFunc(c.Sources, func(known config.Source) bool { return known.Name == name }) {
			wrong("source", "selects nothing: there is no source %q", name)
		}
	}
}

// preview tells what is wrong with the descriptors that a location leads to; wrong
// tells what is wrong with the location itself.
func (k *checker) preview(v ingest.Preview, wrong func(string)) {
	own, before := []event.Problem(nil), k.problems
	for _, r := range v.Rejected {
		if r.Origin.Registration() {
			own = r.Problems
			continue
		}
		path := fromHere(r.Origin.Path)
		for _, p := range r.Problems {
			k.problem(path, p.Line, p.Column, strings.TrimSpace(p.Path+" "+p.Message))
		}
		if r.Ref != "" {
			k.meet(r.Ref, declared{path: path, line: r.Origin.Line})
		}
	}
	if k.problems == before { // else those are why
		for _, p := range own {
			wrong(p.Message)
		}
	}
	for _, d := range v.Declared {
		if !d.Origin.Registration() {
			k.meet(d.Entity.Ref().String(), declared{fromHere(d.Origin.Path), d.Origin.Line, &d.Entity, d.Document})
		}
	}
}

// fromHere shortens the path of a file below the working directory.
func fromHere(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, whole); err == nil && filepath.IsLocal(short) {
		return short
	}
	return whole
}

// readable reports whether what is at a URL may be read: the host is allowed, or
// it is the site of a source.
func readable(u *url.URL, allow []ingest.AllowedHost, sources []config.Source) bool {
	for _, a := range allow {
		if a.Allows(u) {
			return true
		}
	}
	for _, s := range sources {
		site, err := url.Parse(s.URL)
		switch {
		case s.Type == config.CloudEvents || err != nil:
		case s.URL == "" && u.Host == s.Type+".com", site.Host != "" && strings.TrimPrefix(site.Host, "api.") == u.Host, s.Type == config.GitHub && site.Host == u.Host:
			return true
		}
	}
	return false
}
