// Package config reads Callboard's configuration file. [Load] reports every
// problem at once, each with its line and column; unknown keys are problems,
// since a misspelt key is otherwise found in production.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/internal/fault"
)

// Config is the file, with defaults filled in.
type Config struct {
	Server     Server     `yaml:"server"`
	Data       string     `yaml:"data"` // folder that everything durable lives in
	Name       string     `yaml:"name"` // of the organisation, shown beside ours
	Log        Log        `yaml:"log"`
	History    History    `yaml:"history"`
	Deliveries Deliveries `yaml:"deliveries"`
	Sources    []Source   `yaml:"sources"`
	Catalog    Catalog    `yaml:"catalog"`
	// Subscribers are sent what is appended to the event log.
	Subscribers []Subscriber `yaml:"subscribers"`
	Notices     Notices      `yaml:"notices"`
	TechDocs    TechDocs     `yaml:"techdocs"`
}

// TechDocs is how documentation is shown.
type TechDocs struct {
	PlantUML string `yaml:"plantuml"` // address of a server that browsers have diagrams drawn by; empty = they are shown as they are written
}

// Server is where and how pages and APIs are served.
type Server struct {
	Listen   string `yaml:"listen"`   // host:port
	URL      string `yaml:"url"`      // how others reach it; "" = http:// and Listen
	Insecure bool   `yaml:"insecure"` // listen beyond loopback although nobody signs in
}

// Log is where the event log is kept, and how often it is put under seal.
type Log struct {
	URL  string   `yaml:"url"`  // empty = SQLite in the data folder
	Seal Duration `yaml:"seal"` // between two seals, while events come
}

// History is where what happened is kept to be asked for.
type History struct {
	URL Secret `yaml:"url"` // of a ClickHouse database, with user and password; empty = SQLite in the data folder
}

// Deliveries is how long the webhook deliveries are kept.
type Deliveries struct {
	Keep Duration `yaml:"keep"`
}

// Source is one forge, or another place that facts come from.
type Source struct {
	Name          string `yaml:"name"` // also the last part of its webhook's path
	Type          string `yaml:"type"` // see [SourceTypes]
	URL           string `yaml:"url"`  // of the API (github), the instance (gitlab) or the repository (git)
	Token         Secret `yaml:"token"`
	App           App    `yaml:"app"` // github: instead of a token
	WebhookSecret Secret `yaml:"webhookSecret"`
	WebhookURL    string `yaml:"webhookUrl"`   // where the forge reaches the webhook; empty = below the portal's own URL
	SigningToken  Secret `yaml:"signingToken"` // gitlab only
	// What was valid before is accepted too, for as long as it stands here: so a
	// secret can be changed without losing a delivery.
	PreviousSecret       Secret   `yaml:"previousWebhookSecret"`
	PreviousSigningToken Secret   `yaml:"previousSigningToken"`
	Organizations        []string `yaml:"organizations"` // github: only their repositories count; empty = all that the webhook tells of
	Groups               []string `yaml:"groups"`        // gitlab: the same, with their subgroups
	Repositories         []string `yaml:"repositories"`  // github: the only ones that are discovered; empty = all of the organisations
	Branch               string   `yaml:"branch"`        // git: the one that is read; empty = the repository's default
	Poll                 Duration `yaml:"poll"`          // git: between two looks; 0 = five minutes
	Reconcile            string   `yaml:"reconcile"`     // when heads are compared, as a cron expression; empty = every hour; [Never] = nothing is surveyed
	People               Choice   `yaml:"people"`        // teams and members become Groups and Users; unset = if organizations or groups are named
	Descriptors          []string `yaml:"descriptors"`   // globs; empty = catalog-info.yaml anywhere
	Grace                Duration `yaml:"grace"`         // how long a delivery may take before it counts as missed; 0 = a minute
	Archived             bool     `yaml:"archived"`      // read archived repositories too
	SkipForks            bool     `yaml:"skipForks"`     // leave forks out
	Checks               Checks   `yaml:"checks"`        // github, gitlab: what the forge is told of pull requests
}

// Checks are what the forge is told of a pull request before it is merged.
type Checks struct {
	Status  bool   `yaml:"status"`  // as the status of its newest commit
	Comment bool   `yaml:"comment"` // as a comment, where something would change
	FailOn  string `yaml:"failOn"`  // see [FailsOn]; empty = drop
}

// FailsOn lists what a check may fail on: a score that falls or a descriptor that is
// refused, the latter alone, or nothing.
func FailsOn() []string { return []string{"drop", "reject", "never"} }

// ReadsPeople reports whether teams and members of the source become entities.
func (s Source) ReadsPeople() bool {
	return s.People.Or(len(s.Organizations)+len(s.Groups) > 0)
}

// Choice is "true", "false" or, if none is made, "".
type Choice string

// Or returns the choice, or something else if there is none.
func (c Choice) Or(otherwise bool) bool {
	if c == "" {
		return otherwise
	}
	return c == "true"
}

// UnmarshalText reads "true" or "false".
func (c *Choice) UnmarshalText(b []byte) error {
	is, err := strconv.ParseBool(string(b))
	if err != nil {
		return fmt.Errorf("%q must be true or false", b)
	}
	*c = Choice(strconv.FormatBool(is))
	return nil
}

// Never is what reconcile is when only deliveries count.
const Never = "never"

// App is a GitHub App.
type App struct {
	ID             string `yaml:"id"`
	Installation   string `yaml:"installation"` // empty: that of the one organization, which is asked for
	PrivateKeyFile string `yaml:"privateKeyFile"`
}

// Numbers returns the two ids; 0 for what is none.
func (a App) Numbers() (id, installation int64) {
	id, _ = strconv.ParseInt(a.ID, 10, 64)
	installation, _ = strconv.ParseInt(a.Installation, 10, 64)
	return id, installation
}

// The types of sources.
const (
	GitHub = "github"
	GitLab = "gitlab"
	// Git is one repository, wherever it is.
	Git = "git"
	// CloudEvents is whatever sends those; nothing is read from it.
	CloudEvents = "cloudevents"
)

// SourceTypes lists the types of sources that this version can connect.
func SourceTypes() []string { return []string{GitHub, GitLab, Git, CloudEvents} }

// Secret is text that never shows: not in logs, errors or pages.
type Secret string

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the text.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal returns the text.
func (s Secret) Reveal() string { return string(s) }

// Duration is a time.Duration that also knows days: "30d".
type Duration time.Duration

// UnmarshalText reads "36h" or "30d".
func (d *Duration) UnmarshalText(b []byte) error {
	s := string(b)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16) // 65535 days, which a time.Duration can hold
		if err != nil {
			return fmt.Errorf("%q is no duration: write 36h or 30d", s)
		}
		*d = Duration(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is no duration: write 36h or 30d", s)
	}
	*d = Duration(v)
	return nil
}

// Default returns the configuration of an empty file.
func Default() Config {
	return Config{
		Server:     Server{Listen: "127.0.0.1:8080"},
		Data:       "./data",
		Log:        Log{Seal: Duration(time.Minute)},
		Deliveries: Deliveries{Keep: Duration(30 * 24 * time.Hour)},
		Notices:    Notices{Grace: Duration(5 * time.Minute)},
		Catalog:    Catalog{Processing: Processing{RemovalGuard: 0.2}},
	}
}

// Problem is something wrong in the file.
type Problem struct {
	File         string
	Line, Column int
	Message      string
}

// String returns "file:line:column: message".
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Problems is an error of kind fault.Invalid that lists all that is wrong.
type Problems []Problem

// Error lists the problems, one a line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Load reads the file. getenv gives the value of ${NAME} and whether it is set; ${file:path}
// is what a file holds, as seen from the folder of this one.
// The error is of kind fault.Invalid and wraps [Problems] when the text is wrong;
// what could be read of it is returned all the same.
func Load(path string, getenv func(string) (string, bool)) (Config, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fault.New(fault.Invalid, "read the configuration: %w", err)
	}
	c, ps := Parse(b, getenv, filesBeside(path))
	if len(ps) == 0 {
		return c, nil
	}
	beside := func(p Problem) int { return min(1, len(p.File)) } // those of other files come last
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(beside(a), beside(b)), strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	for i := range ps {
		ps[i].File = cmp.Or(ps[i].File, path)
	}
	return c, fault.New(fault.Invalid, "%w", ps)
}

// maxFile is how large a file that the configuration names may be, in bytes.
const maxFile = 1 << 20

// filesBeside reads files as seen from the folder of a configuration.
func filesBeside(config string) FileReader {
	return func(path string) ([]byte, string, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(config), path)
		}
		switch info, err := os.Stat(path); {
		case errors.Is(err, fs.ErrNotExist):
			return nil, path, fmt.Errorf("there is no file %s", path)
		case err != nil:
			return nil, path, err
		case !info.Mode().IsRegular():
			return nil, path, fmt.Errorf("%s is no file", path)
		case info.Size() > maxFile:
			return nil, path, fmt.Errorf("%s is larger than a megabyte", path)
		}
		b, err := os.ReadFile(path)
		return b, path, err
	}
}
