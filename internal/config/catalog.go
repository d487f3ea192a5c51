package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
)

// reservedPage is the page beside those of sources, which go by their names.
const reservedPage = "connect"

// Names under which entities of locations are known, and those that people made in the portal.
const (
	reservedSource = "locations"
	portalSource   = "portal"
)

// minInterval keeps a typing mistake from asking hosts all the time.
const minInterval = time.Second

// Catalog is what the catalog takes in besides what the sources find, with the
// keys of Backstage's app-config, and which kinds it knows besides Backstage's.
type Catalog struct {
	Locations  []Location `yaml:"locations"`
	Rules      []Rule     `yaml:"rules"`
	Kinds      []Kind     `yaml:"kinds"`
	Reading    Reading    `yaml:"reading"`
	Processing Processing `yaml:"processing"`
}

// Location is a place that descriptors are read from.
type Location struct {
	Type   string `yaml:"type"`   // file or url
	Target string `yaml:"target"` // a path, which may be a pattern, or a URL
	Rules  []Rule `yaml:"rules"`  // what it may bring in besides what the catalog's rules allow
}

// Rule allows some kinds of entities.
type Rule struct {
	Allow     []Allow        `yaml:"allow"`
	Locations []RuleLocation `yaml:"locations"` // empty = from everywhere
}

// Allow is a kind of entity: "Component", or {kind: Location, spec.type: url}.
type Allow struct {
	Kind string `yaml:"kind"`
	Type string `yaml:"spec.type"`
}

// UnmarshalText reads a kind that stands alone.
func (a *Allow) UnmarshalText(b []byte) error {
	a.Kind = string(b)
	return nil
}

// RuleLocation matches locations by their target.
type RuleLocation struct {
	Type    string `yaml:"type"`
	Exact   string `yaml:"exact"`
	Pattern string `yaml:"pattern"`
}

// Reading is what may be read besides the sources' own repositories.
type Reading struct {
	Allow []AllowedHost `yaml:"allow"`
}

// AllowedHost is a host that url locations may be read from.
type AllowedHost struct {
	Host  string   `yaml:"host"`  // with its port; "*.example.com" is every host below it
	Paths []string `yaml:"paths"` // how paths begin that may be read; empty = all
}

// Processing is how the catalog is kept true.
type Processing struct {
	Interval Duration `yaml:"interval"` // between two readings of a location; 0 = the default
	// RemovalGuard is the share of a source's entities, 0 to 1, of which more than
	// that are not removed at once unless a person allows it; 0 allows all.
	RemovalGuard float64 `yaml:"removalGuard"`
}

func (p *parser) catalog(c Catalog) {
	if g := c.Processing.RemovalGuard; g < 0 || g > 1 {
		p.wrong("catalog.processing.removalGuard", "%v is no share: write 0.2 for a fifth, or 0 to let everything pass", g)
	}
	seen := map[string]bool{}
	for i, l := range c.Locations {
		path := fmt.Sprintf("catalog.locations[%d]", i)
		key := l.Type + ":" + l.Target
		switch {
		case l.Type != "file" && l.Type != "url":
			p.wrong(path+".type", "%q must be file or url", l.Type)
		case l.Target == "":
			p.wrong(path+".target", "must not be empty")
		case l.Type == "url":
			p.httpURL(path+".target", l.Target)
		case strings.HasSuffix(l.Target, "/"):
			p.wrong(path+".target", "%q is a folder; name a file, or write a pattern such as %s**/catalog-info.yaml", l.Target, l.Target)
		case !doublestar.ValidatePattern(filepath.ToSlash(l.Target)):
			p.wrong(path+".target", "%q is no pattern; check its brackets and braces", l.Target)
		}
		if seen[key] {
			p.wrong(path, "%s is listed already", key)
		}
		seen[key] = true
		p.rules(path+".rules", l.Rules)
	}
	p.rules("catalog.rules", c.Rules)
	p.kinds(c.Kinds)
	for i, a := range c.Reading.Allow {
		p.host(fmt.Sprintf("catalog.reading.allow[%d]", i), a)
	}
	if d := time.Duration(c.Processing.Interval); d != 0 && d < minInterval {
		p.wrong("catalog.processing.interval", "%s is too short: at least %s", d, minInterval)
	}
}

var kindName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]{0,62}$`)

func (p *parser) rules(path string, rules []Rule) {
	for i, r := range rules {
		at := fmt.Sprintf("%s[%d]", path, i)
		if len(r.Allow) == 0 {
			p.wrong(at+".allow", "must list the kinds of entities that are allowed, such as [Component, API]")
		}
		for j, a := range r.Allow {
			if !kindName.MatchString(a.Kind) {
				p.wrong(fmt.Sprintf("%s.allow[%d]", at, j), "%q is no kind of entity; write Component, or {kind: Location, spec.type: url}", a.Kind)
			}
		}
		for j, l := range r.Locations {
			where := fmt.Sprintf("%s.locations[%d]", at, j)
			switch {
			case l.Type == "":
				p.wrong(where+".type", "must be file or url")
			case l.Exact != "" && l.Pattern != "":
				p.wrong(where+".pattern", "must not stand beside exact")
			case !doublestar.ValidatePattern(l.Pattern):
				p.wrong(where+".pattern", "%q is no pattern; check its brackets and braces", l.Pattern)
			}
		}
	}
}

func (p *parser) host(path string, a AllowedHost) {
	name := strings.TrimPrefix(a.Host, "*.")
	if name == "" || strings.ContainsAny(name, "/*@ ") {
		p.wrong(path+".host", "%q is no host; write example.com, 127.0.0.1:7100 or *.example.com", a.Host)
	}
	for i, prefix := range a.Paths {
		if !strings.HasPrefix(prefix, "/") {
			p.wrong(fmt.Sprintf("%s.paths[%d]", path, i), "%q must begin with a slash", prefix)
		}
	}
}
