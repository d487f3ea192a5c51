package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/web/ui"
)

// Changing changes sources that were connected, and takes them away. Errors are of kind
// fault.Conflict for a source of the configuration file, and of fault.NotFound for none.
type Changing interface {
	// Settings are those of a source that was connected.
	Settings(source string) (Settings, error)
	// Change asks the forge or the repository whether it can be read so, and has the
	// source read so from now on. Nothing is changed if the error is not nil; what is
	// wrong with something that was filled in is a [Misfit].
	Change(ctx context.Context, source string, c Change) error
	// Rotate gives a source another webhook secret; the one before is valid beside it
	// until it is forgotten. It is given to the webhook at the forge, too, or returned
	// for somebody who enters it there.
	Rotate(ctx context.Context, source string, atForge bool) (secret string, err error)
	// Disconnect takes a source away, and has its webhooks deleted at the forge if that
	// can be done: webhook says what became of them.
	Disconnect(ctx context.Context, source string) (webhook string, err error)
}

// Settings are those of a connected source that may be shown.
type Settings struct {
	Owners       []string // organisations or groups
	Repositories []string // the only ones that are read; empty = all
	Branch       string   // git; "" for the default one
	App          bool     // it has no token
	MakesHook    bool     // the portal can make its webhook at the forge
	Signs        bool     // GitLab signs what it sends, with a token that it makes
	Previous     bool     // the secret before the present one is valid, too
}

// Change is what is to be another of a connected source.
type Change struct {
	Owners       []string
	Repositories []string // github
	Branch       string   // git
	Token        string   // "" for the one that is there
	Forget       bool     // the secret before the present one, and nothing else is to change
}

// The ways to change a source, which are buttons of its page.
const (
	waySave   = "save"
	wayRotate = "rotate"
	wayForget = "forget"
)

const fieldRepositories = "repositories"

// changeView is the page on which a source is changed.
type changeView struct {
	head    sourceHead
	path    string
	inFile  bool // it is changed in the configuration
	signs   bool
	has     bool // a webhook secret
	makes   bool
	before  bool // another secret is valid, too
	fields  []ui.Field
	token   ui.Field // no name: it has none
	permits []string
	saved   bool
	problem string
	forge   forge
	hook    *connectReady // what to enter at the forge after the secret was changed
	leave   string
}

func changeLink(source string) string     { return sourceLink(source) + "/change" }
func disconnectLink(source string) string { return sourceLink(source) + "/disconnect" }

// change handles "GET /sources/{name}/change".
func (s *Site) change(ctx context.Context, r request) (answer, error) {
	v, err := s.newChangeView(ctx, r)
	return answer{title: "Change " + v.head.name, body: changePage(v)}, err
}

func (s *Site) newChangeView(ctx context.Context, r request) (changeView, error) {
	src, _, head, err := s.sourceOf(ctx, r, "change")
	if err != nil {
		return changeView{}, err
	}
	v := changeView{head: head, path: changeLink(src.Name), leave: disconnectLink(src.Name), has: src.Type != "git", saved: r.self.query.Has(fieldSaved)}
	if s.Changing == nil || !src.Connected {
		v.inFile = true
		return v, nil
	}
	now, err := s.Changing.Settings(src.Name)
	if err != nil {
		return v, err
	}
	v.signs, v.makes, v.before = now.Signs, now.MakesHook, now.Previous
	v.forge, _ = forgeOf(src.Type)
	v.permits = v.forge.permits
	v.addFields(src.Type, now)
	return v, nil
}

// fieldSaved is in the address of the page after something was changed there.
const fieldSaved = "saved"

func (v *changeView) addFields(typ string, now Settings) {
	list := func(id, name, label string, all []string, example, hint string) ui.Field {
		return ui.Field{ID: id, Name: name, Label: label, Value: strings.Join(all, ", "), Placeholder: example, Hint: hint}
	}
	switch typ {
	case "github":
		v.fields = []ui.Field{
			list("c-owner", fieldOwner, "Organisations", now.Owners, "acme, acme-labs", "Whose repositories are to be read, with commas between. Of one that is left out nothing leaves the catalog."),
			list("c-repositories", fieldRepositories, "Only these repositories", now.Repositories, "acme/payments, acme/ledger", "Empty is all of the organisations."),
		}
	case "gitlab":
		v.fields = []ui.Field{list("c-owner", fieldOwner, "Groups", now.Owners, "acme, partners/shop", "Whose projects are to be read, with all below, with commas between. Of one that is left out nothing leaves the catalog.")}
	case "git":
		v.fields = []ui.Field{{ID: "c-branch", Name: fieldBranch, Label: "Branch", Value: now.Branch, Placeholder: "main", Hint: "Empty is the repository's default branch."}}
	}
	if !now.App && typ != "cloudevents" {
		v.token = ui.Field{ID: "c-token", Name: fieldToken, Label: "Another token", Type: "password", Hint: "Empty leaves the one that is there."}
	}
}

// changeWith handles "POST /sources/{name}/change", in one of three ways.
func (s *Site) changeWith(ctx context.Context, r request) (answer, error) {
	v, err := s.newChangeView(ctx, r)
	if err != nil || v.inFile {
		return answer{title: "Change " + v.head.name, body: changePage(v)}, err
	}
	name := v.head.name
	switch r.form(fieldWay) {
	case wayRotate:
		return s.rotate(ctx, r, v)
	case wayForget:
		return answer{location: v.path + "?" + fieldSaved + "=1"}, s.Changing.Change(ctx, name, Change{Forget: true})
	}
	owners, valid := namesIn(r.form(fieldOwner)), true
	for i := range v.fields {
		v.fields[i].Value = r.form(v.fields[i].Name)
	}
	if v.forge.ownerRule != nil {
		valid = !slices.ContainsFunc(owners, func(o string) bool { return !v.forge.ownerRule.MatchString(o) })
	}
	switch {
	case !valid:
		v.wrong(fieldOwner, "Write "+v.forge.example+" for "+v.forge.pages+"/"+v.forge.example+"; several with commas between.")
	case v.forge.owner != "" && len(owners) == 0:
		v.wrong(fieldOwner, "Name at least one. To read nothing any more, disconnect the source.")
	default:
		c := Change{Owners: owners, Repositories: namesIn(r.form(fieldRepositories)), Branch: strings.TrimSpace(r.form(fieldBranch)), Token: strings.TrimSpace(r.form(fieldToken))}
		err := s.Changing.Change(ctx, name, c)
		if err == nil {
			return answer{location: v.path + "?" + fieldSaved + "=1"}, nil
		}
		if fault.KindOf(err) == fault.Internal || ctx.Err() != nil {
			return answer{}, err
		}
		var m *Misfit
		if !errors.As(err, &m) || !v.wrong(m.Field, sentenceOf(err)) {
			v.problem = sentenceOf(err)
		}
	}
	wrong := ui.Wrong(append(pointers(v.fields), &v.token)...)
	return answer{status: http.StatusUnprocessableEntity, title: "Change " + name, body: changePage(v), wrong: wrong, secret: true}, nil
}

// wrong says what is wrong with a field; false if it is not on the page.
func (v *changeView) wrong(name, says string) bool {
	for _, f := range append([]*ui.Field{&v.token}, pointers(v.fields)...) {
		if f.Name == name {
			f.Problem = says
			return true
		}
	}
	return false
}

// pointers are the addresses of what a list holds.
func pointers[T any](all []T) []*T {
	to := make([]*T, len(all))
	for i := range all {
		to[i] = &all[i]
	}
	return to
}

// namesIn are those of a list as people write one; never nil.
func namesIn(text string) []string {
	all := strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\t' || c == '\n' || c == '\r' })
	return append([]string{}, all...)
}

// rotate gives a source another secret, and leads to where one sees what the forge says
// to it, or shows it to be entered there.
func (s *Site) rotate(ctx context.Context, r request, v changeView) (answer, error) {
	name, atForge := v.head.name, v.makes && r.form(fieldHook) != ""
	secret, err := s.Changing.Rotate(ctx, name, atForge)
	switch {
	case err != nil:
		return answer{}, err
	case atForge:
		return answer{location: waitLink(name)}, nil
	}
	src := s.sourceNamed(name)
	v.before = true
	v.hook = &connectReady{name: name, payload: s.URL + "/hooks/" + name, secret: secret}
	if src.Pages != "" && len(src.Owners) > 0 && !src.App {
		v.hook.hooks = hooksPage(src.Type, src.Pages, src.Owners[0])
	}
	return answer{title: "Another secret of " + name, body: changePage(v), secret: true}, nil
}

// secretWord is what the forge calls the secret.
func (v changeView) secretWord() string { return cmp.Or(v.forge.secret, "Secret") }

// disconnectView is the page that asks before a source is taken away, and tells of it
// afterwards.
type disconnectView struct {
	head     sourceHead
	name     string
	path     string
	back     string
	inFile   bool
	app      bool
	forge    bool // it has a webhook at one
	entities int
	all      string // the page of its entities
	done     bool
	webhook  string // what became of it
}

// disconnect handles "GET /sources/{name}/disconnect".
func (s *Site) disconnect(ctx context.Context, r request) (answer, error) {
	src, _, head, err := s.sourceOf(ctx, r, "change")
	if err != nil {
		return answer{}, err
	}
	v := newDisconnectView(r, src)
	v.head, v.inFile = head, s.Changing == nil || !src.Connected
	return answer{title: "Disconnect " + src.Name, body: disconnectPage(v)}, nil
}

func newDisconnectView(r request, src Source) disconnectView {
	return disconnectView{
		name: src.Name, path: disconnectLink(src.Name), back: sourceLink(src.Name), app: src.App, forge: src.Type == "github" || src.Type == "gitlab",
		entities: r.catalog.Find(entities.Query{Sources: []string{src.Name}, Limit: 1}).Total,
		all:      link{path: catalogPath}.set("source", src.Name).String(),
	}
}

// disconnected handles "POST /sources/{name}/disconnect".
func (s *Site) disconnected(ctx context.Context, r request) (answer, error) {
	src, _, _, err := s.sourceOf(ctx, r, "change")
	if err != nil {
		return answer{}, err
	}
	if s.Changing == nil {
		return answer{}, fault.New(fault.Conflict, "source %s stands in the configuration file: it is taken away there", src.Name)
	}
	v := newDisconnectView(r, src)
	if v.webhook, err = s.Changing.Disconnect(ctx, src.Name); err != nil {
		return answer{}, err
	}
	v.done = true
	return answer{title: src.Name + " is disconnected", body: disconnectPage(v)}, nil
}

// sourceNamed is a configured source, by its name.
func (s *Site) sourceNamed(name string) Source {
	for _, one := range s.Sources() {
		if one.Name == name {
			return one
		}
	}
	return Source{Name: name}
}

// reads reports whether a source of this name is configured.
func (s *Site) reads(name string) bool {
	return slices.ContainsFunc(s.Sources(), func(one Source) bool { return one.Name == name })
}

// tokenPlace says where a source is given another token.
func tokenPlace(v sourceView) string {
	if v.connected {
		return "give it another one under “Its settings”"
	}
	return "it stands in callboard.yaml"
}
