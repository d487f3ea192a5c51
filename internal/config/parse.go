package config

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/robfig/cron/v3"
	"gopkg.in/yaml.v3"
)

// FileReader reads a file that the configuration names, and says what to call it
// in messages.
type FileReader func(path string) (content []byte, name string, err error)

// Parse reads a configuration and returns all that is wrong with it. Problems
// without a file are of the text itself.
func Parse(b []byte, getenv func(string) (string, bool), readFile FileReader) (Config, Problems) {
	c := Default()
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return c, Problems{syntaxProblem(b, err)}
	}
	if len(doc.Content) == 0 {
		return c, nil
	}
	p := parser{getenv: getenv, readFile: readFile, at: map[string]*yaml.Node{}}
	p.value(doc.Content[0], reflect.ValueOf(&c).Elem(), "")
	p.check(c)
	return c, p.problems
}

var (
	lineInError = regexp.MustCompile(`\bline (\d+): `)
	// bareVariable is a reference without quotes within braces or brackets, where
	// YAML takes it for the beginning of a mapping.
	bareVariable = regexp.MustCompile(`[\s:,\[{]\$\{([A-Za-z_]\w*|file:[^}\s]+)\}\s*[,\]}]`)
)

func syntaxProblem(text []byte, err error) Problem {
	p := Problem{Line: 1, Column: 1, Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := lineInError.FindStringSubmatch(p.Message); m != nil {
		p.Line, _ = strconv.Atoi(m[1])
		p.Message = strings.Replace(p.Message, m[0], "", 1)
	}
	if !strings.Contains(p.Message, "did not find expected ',' or ") {
		return p
	}
	// The parser often does not say where it was.
	for i, line := range strings.Split(string(text), "\n") {
		if at := bareVariable.FindStringIndex(line); at != nil {
			return Problem{Line: i + 1, Column: len([]rune(line[:at[0]])) + 2,
				Message: `within braces or brackets a reference to an environment variable or a file needs quotes: "${NAME}"`}
		}
	}
	return p
}

// Locate returns where in the text of a configuration the value at a path such as
// "catalog.locations[0].target" stands, or the nearest thing around it.
func Locate(text []byte, path string) (line, column int) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 {
		return 1, 1
	}
	p := parser{getenv: func(string) (string, bool) { return "", true }, readFile: func(path string) ([]byte, string, error) { return nil, path, nil }, at: map[string]*yaml.Node{}}
	c := Default()
	p.value(doc.Content[0], reflect.ValueOf(&c).Elem(), "")
	n := p.nearest(path)
	return n.Line, n.Column
}

// parser fills a Config from YAML nodes and remembers where each value stood,
// so that what is wrong with a value can be shown in its place.
type parser struct {
	getenv   func(string) (string, bool)
	readFile FileReader
	problems Problems
	at       map[string]*yaml.Node // by path: "sources[0].url"
}

// problem reports what is wrong with a node, unless something is already: the
// first is the cause of the others.
func (p *parser) problem(n *yaml.Node, format string, args ...any) {
	if slices.ContainsFunc(p.problems, func(q Problem) bool { return q.File == "" && q.Line == n.Line && q.Column == n.Column }) {
		return
	}
	p.problems = append(p.problems, Problem{Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...)})
}

// value puts what stands at n into v, whose path is for messages.
func (p *parser) value(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	p.at[path] = n
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return // a key without a value keeps its default
	}
	if r, ok := v.Addr().Interface().(nodeReader); ok {
		r.readFrom(p, n, path)
		return
	}
	_, isText := v.Addr().Interface().(encoding.TextUnmarshaler)
	switch {
	case v.Kind() == reflect.Struct && !(isText && n.Kind == yaml.ScalarNode):
		p.mapping(n, v, path)
	case v.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			p.problem(n, "%s must be a list", path)
			return
		}
		for i, item := range n.Content {
			e := reflect.New(v.Type().Elem()).Elem()
			p.value(item, e, fmt.Sprintf("%s[%d]", path, i))
			v.Set(reflect.Append(v, e))
		}
	default:
		p.scalar(n, v, path)
	}
}

// nodeReader reads itself.
type nodeReader interface {
	readFrom(p *parser, n *yaml.Node, path string)
}

func (p *parser) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		p.problem(n, "%s must be a mapping", orFile(path))
		return
	}
	var known []string
	fields := map[string]reflect.Value{}
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("yaml")
		known = append(known, key)
		fields[key] = v.Field(i)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, ok := fields[key.Value]
		switch {
		case !ok:
			p.problem(key, "unknown key %q in %s; known are %s", key.Value, orFile(path), strings.Join(known, ", "))
			continue
		case seen[key.Value]:
			p.problem(key, "%q stands here twice", key.Value)
			continue
		}
		seen[key.Value] = true
		p.value(value, field, strings.TrimPrefix(path+"."+key.Value, "."))
	}
}

func orFile(path string) string {
	if path == "" {
		return "the configuration"
	}
	return path
}

func (p *parser) scalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		p.problem(n, "%s must be a single value", path)
		return
	}
	p.unexpanded(n)
	text := p.expand(n)
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			p.problem(n, "%s: %v", path, err)
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			p.problem(n, "%s must be true or false", path)
		}
		v.SetBool(b)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			p.problem(n, "%s must be a number", path)
		}
		v.SetFloat(f)
	default:
		panic("config: no way to read a " + v.Type().String())
	}
}

var (
	githubOwner = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$`)
	gitlabGroup = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)
)

// check looks at what the types cannot say.
func (p *parser) check(c Config) {
	if err := Listenable(c.Server.Listen, c.Server.Insecure); err != nil {
		p.wrong("server.listen", "%v", err)
	}
	if c.Server.URL != "" {
		p.httpURL("server.url", c.Server.URL)
	}
	if c.TechDocs.PlantUML != "" {
		p.httpURL("techdocs.plantuml", c.TechDocs.PlantUML)
	}
	if c.Log.URL != "" {
		p.wrong("log.url", "this version keeps it in SQLite only; leave it empty")
	}
	if c.History.URL != "" {
		p.database("history.url", c.History.URL.Reveal())
	}
	if seal := time.Duration(c.Log.Seal); seal < time.Second || seal > 24*time.Hour {
		p.wrong("log.seal", "%s is no time between two seals: from 1s to 24h", seal)
	}
	if keep := time.Duration(c.Deliveries.Keep); keep < minKeep {
		p.wrong("deliveries.keep", "%s is too short: at least 3d, since the forge is asked what it sent in the last three days, and what is not kept would seem missed", keep)
	}
	names := map[string]bool{}
	for i, s := range c.Sources {
		p.source(fmt.Sprintf("sources[%d]", i), s, names)
	}
	p.catalog(c.Catalog)
	p.subscribers(c.Subscribers)
	p.notices(c.Notices, c.Subscribers)
}

// minKeep is how far back surveys look for deliveries that were missed: the log must
// know of all that came since.
const minKeep = 3 * 24 * time.Hour

var sourceName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (p *parser) source(path string, s Source, names map[string]bool) {
	switch {
	case !sourceName.MatchString(s.Name):
		p.wrong(path+".name", "%q must be lower-case letters, digits and hyphens, such as github; it becomes part of the webhook's path", s.Name)
	case s.Name == reservedPage:
		p.wrong(path+".name", "%q is a page of the portal's sources; choose another", s.Name)
	case s.Name == reservedSource:
		p.wrong(path+".name", "%q is how the portal calls what catalog.locations bring in; choose another", s.Name)
	case s.Name == portalSource:
		p.wrong(path+".name", "%q is how the portal calls what people make in it; choose another", s.Name)
	case names[s.Name]:
		p.wrong(path+".name", "there is a source %q already", s.Name)
	}
	names[s.Name] = true
	if !slices.Contains(SourceTypes(), s.Type) {
		p.wrong(path+".type", "%q must be one of %s", s.Type, strings.Join(SourceTypes(), ", "))
		return
	}
	if s.URL != "" && s.Type != Git {
		p.httpURL(path+".url", s.URL)
	}
	if s.WebhookURL != "" {
		p.httpURL(path+".webhookUrl", s.WebhookURL)
		if !strings.HasSuffix(s.WebhookURL, "/hooks/"+s.Name) {
			p.wrong(path+".webhookUrl", "%q does not lead to this source: it has to end in /hooks/%s", s.WebhookURL, s.Name)
		}
	}
	for i, pattern := range s.Descriptors {
		if !doublestar.ValidatePattern(pattern) {
			p.wrong(fmt.Sprintf("%s.descriptors[%d]", path, i), "%q is no pattern; write a path such as catalog-info.yaml or services/**/catalog-info.yaml", pattern)
		}
	}
	if len(s.Groups) > 0 && s.Type != GitLab {
		p.wrong(path+".groups", "is for gitlab; github has organizations")
	}
	if len(s.Organizations) > 0 && s.Type != GitHub {
		p.wrong(path+".organizations", "is for github; gitlab has groups")
	}
	for i, o := range s.Organizations {
		if !githubOwner.MatchString(o) {
			p.wrong(fmt.Sprintf("%s.organizations[%d]", path, i), "%q is no name of an organisation; write acme for https://github.com/acme", o)
		}
	}
	for i, g := range s.Groups {
		if !gitlabGroup.MatchString(g) {
			p.wrong(fmt.Sprintf("%s.groups[%d]", path, i), "%q is no path of a group; write acme/payments for https://gitlab.com/acme/payments", g)
		}
	}
	if s.SigningToken != "" && !strings.HasPrefix(s.SigningToken.Reveal(), "whsec_") {
		p.wrong(path+".signingToken", "must begin with whsec_, as GitLab shows it")
	}
	if s.Type != GitLab && s.SigningToken != "" {
		p.wrong(path+".signingToken", "is for gitlab; a %s source signs with webhookSecret", s.Type)
	}
	if s.People.Or(false) && len(s.Organizations)+len(s.Groups) == 0 {
		p.wrong(path+".people", "needs to know whose: name organizations (github) or groups (gitlab)")
	}
	p.app(path, s)
	p.checks(path+".checks", s)
	for i, name := range s.Repositories {
		if owner, repo, ok := strings.Cut(name, "/"); s.Type != GitHub || !ok || !githubOwner.MatchString(owner) || repo == "" || strings.ContainsAny(repo, "/ ") {
			p.wrong(fmt.Sprintf("%s.repositories[%d]", path, i), "%q is no repository of a github source; write acme/payments for https://github.com/acme/payments", name)
		}
	}
	if s.Reconcile != "" && s.Reconcile != Never {
		if _, err := cron.ParseStandard(s.Reconcile); err != nil {
			p.wrong(path+".reconcile", "%q is no schedule; write @every 1h, a cron expression such as 0 * * * *, or never", s.Reconcile)
		}
	}
	if s.Type == CloudEvents {
		p.receiver(path, s)
	}
	p.git(path, s)
	if s.WebhookSecret == "" && s.Type != Git && (s.Type != GitLab || s.SigningToken == "") {
		p.wrong(path+".webhookSecret", "must not be empty: a webhook that anybody can send is refused. Make one with: openssl rand -hex 32")
	}
}

// checks looks at what the forge is told of pull requests.
func (p *parser) checks(path string, s Source) {
	if s.Checks == (Checks{}) {
		return
	}
	if s.Type != GitHub && s.Type != GitLab {
		p.wrong(path, "is for github and gitlab; a %s source has no pull requests", s.Type)
	}
	if s.Checks.FailOn != "" && !slices.Contains(FailsOn(), s.Checks.FailOn) {
		p.wrong(path+".failOn", "%q must be one of %s", s.Checks.FailOn, strings.Join(FailsOn(), ", "))
	}
	if (s.Checks.Status || s.Checks.Comment) && s.Token == "" && s.App == (App{}) {
		p.wrong(path, "needs a token or an App: without one nothing can be written at the forge")
	}
}

// git looks at what only a plain repository has, or has not. Whether its address
// can be read is found when it is.
func (p *parser) git(path string, s Source) {
	if s.Type != Git {
		if s.Branch != "" {
			p.wrong(path+".branch", "is for git; of a forge's repositories the default branch is read")
		}
		if s.Poll != 0 {
			p.wrong(path+".poll", "is for git; a forge has reconcile")
		}
		return
	}
	u, err := url.Parse(s.URL)
	switch {
	case s.URL == "":
		p.wrong(path+".url", "must name the repository: https://git.example.com/platform/catalog.git, ssh://git@git.example.com/platform/catalog.git, or a folder")
	case err == nil && u.User != nil && hasPassword(u):
		p.wrong(path+".url", "holds a password, which would show on pages; give it as token")
	}
	if d := time.Duration(s.Poll); d != 0 && d < minInterval {
		p.wrong(path+".poll", "%s is too short: at least %s", d, minInterval)
	}
	if s.Reconcile != "" {
		p.wrong(path+".reconcile", "is for forges; a git source has poll")
	}
	if s.Archived || s.SkipForks {
		p.wrong(path, "archived and skipForks are for forges")
	}
}

func hasPassword(u *url.URL) bool {
	_, has := u.User.Password()
	return has
}

// receiver refuses what is of no use to a source that only receives.
func (p *parser) receiver(path string, s Source) {
	for _, field := range []struct {
		name string
		set  bool
	}{
		{"url", s.URL != ""},
		{"token", s.Token != ""},
		{"descriptors", len(s.Descriptors) > 0},
		{"archived", s.Archived},
		{"skipForks", s.SkipForks},
		{"reconcile", s.Reconcile != ""},
		{"people", s.People != ""},
	} {
		if field.set {
			p.wrong(path+"."+field.name, "is for forges; from a cloudevents source nothing is read")
		}
	}
}

func (p *parser) app(path string, s Source) {
	if s.App == (App{}) {
		return
	}
	id, installation := s.App.Numbers()
	switch {
	case s.Type != GitHub:
		p.wrong(path+".app", "is for github")
	case s.Token != "":
		p.wrong(path+".app", "there is a token, too; give one of the two")
	case id <= 0:
		p.wrong(path+".app.id", "%q must be the App's number, as its settings show it", s.App.ID)
	case s.App.Installation != "" && installation <= 0:
		p.wrong(path+".app.installation", "%q must be the number at the end of the installation's address", s.App.Installation)
	case s.App.Installation == "" && len(s.Organizations) != 1:
		p.wrong(path+".app.installation", "must be the number at the end of the installation's address; it is found only where organizations names just one")
	case s.App.PrivateKeyFile == "":
		p.wrong(path+".app.privateKeyFile", "must be the PEM file that the App's settings generate")
	}
}

func (p *parser) httpURL(path, s string) {
	u, err := url.Parse(s)
	switch {
	case err == nil && u.User != nil:
		p.wrong(path, "holds a user, which would show on pages; what lets one in is the token")
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		p.wrong(path, "%q must be an http or https URL", s)
	}
}

// database checks the URL of one, which may hold a password and is not shown.
func (p *parser) database(path, s string) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		p.wrong(path, "is no URL; in a password, write %%2F for /, %%3F for ?, %%23 for # and %%25 for %%")
	case !slices.Contains([]string{"http", "https", "clickhouse"}, u.Scheme) || u.Host == "":
		p.wrong(path, "must lead to a ClickHouse: http://user:password@host:8123/database, or https:// or clickhouse://")
	}
}

// wrong reports a problem where path's value stands, or the nearest mapping
// around it when it is not there at all.
func (p *parser) wrong(path, format string, args ...any) {
	p.problem(p.nearest(path), "%s: %s", path, fmt.Sprintf(format, args...))
}

// nearest returns what stands at a path, or else around it.
func (p *parser) nearest(path string) *yaml.Node {
	for at := path; at != ""; {
		if n := p.at[at]; n != nil {
			return n
		}
		at = at[:max(0, strings.LastIndexAny(at, ".["))]
	}
	return p.at[""]
}
