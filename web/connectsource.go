package web

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web/ui"
)

// connectAppPath is where a forge sends the browser once an App was made.
const connectAppPath = connectPath + "/app"

// Connecting adds sources while the portal runs. What is wrong with something that
// was filled in is a [Misfit]; secrets go in and never come out.
type Connecting interface {
	// Connect asks the forge or the repository whether it can be read so, makes the
	// webhook if that is wished, and has the source read from now on. Nothing is kept
	// if the error is not nil. Of many webhooks it makes the first; what becomes of the
	// others Webhook tells. It returns the secret of a webhook that is to be made by
	// hand; "" if there is none.
	Connect(ctx context.Context, n NewSource) (secret string, err error)
	// Webhook tells what became of the webhook of a source; false if the portal was
	// not to make it.
	Webhook(source string) (Webhook, bool)
	// AskForApp returns the manifest of an App for a source that could be read, and the address of the forge that a form
	// with it is sent to. The forge then sends the browser to redirect and, once the App
	// is installed, to setup.
	AskForApp(ctx context.Context, n NewSource, redirect, setup string) (action, manifest string, err error)
	// AppMade takes what the forge sent along to redirect, has the source read from now
	// on, and returns the page on which the App is installed. A state that nobody was
	// sent away with, or that came before, is an error of kind fault.Denied.
	AppMade(ctx context.Context, state, code string) (install string, err error)
}

// NewSource is what was filled in to connect a source.
type NewSource struct {
	Type   string // "github", "gitlab" or "git"
	Name   string
	Owner  string // organisation or group
	URL    string // of the forge's API, "" for the public one; of a git source, the repository
	Pages  string // address of the forge's pages, without a slash at the end
	Branch string // git; "" for the default one
	Token  string
	Hook   bool // make the webhook through the API
}

// Webhook is what became of the webhook of a source that the portal makes itself.
type Webhook struct {
	Running bool
	Done    int    // projects that have one each, where a group can have none
	Made    string // what was, for people
	Error   string // why it could not be made, or not be tried
}

// Misfit is what is wrong with one of the things that were filled in.
type Misfit struct {
	Field string // "owner", "name", "url", "branch" or "token"
	Err   error
}

// Error returns what is wrong.
func (m *Misfit) Error() string { return m.Err.Error() }

// Unwrap returns what is wrong, with its kind.
func (m *Misfit) Unwrap() error { return m.Err }

// connectApp is the form that makes an App at a forge.
type connectApp struct {
	action   templ.SafeURL
	manifest string
	owner    string
}

// connectInput is what was filled in, as it was.
type connectInput struct {
	owner, name, address, branch, token string

	hook bool
}

func readConnectInput(r request) connectInput {
	text := func(field string) string { return strings.TrimSpace(r.form(field)) }
	return connectInput{
		owner: text(fieldOwner), name: text(fieldName), address: strings.TrimRight(text(fieldURL), "/"), branch: text(fieldBranch), token: text(fieldToken),
		hook: r.form(fieldHook) != "",
	}
}

// newConnectView is the form, filled in but for the token.
func (s *Site) newConnectView(f forge, in connectInput) connectView {
	v := connectView{steps: connectSteps(0), forge: f, chosen: true, fields: connectFields(f, in), hook: in.hook, keeps: s.Connecting != nil}
	v.token = ui.Field{ID: "c-token", Name: fieldToken, Label: "Token", Type: "password", Hint: "The portal keeps it in its data folder, readable to its owner only. It is shown nowhere."}
	if u, err := url.Parse(s.URL); err == nil && f.owner != "" && isLocal(u.Hostname()) {
		v.local = s.URL
	}
	return v
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// connectWith handles "POST /sources/connect", in one of three ways.
func (s *Site) connectWith(ctx context.Context, r request) (answer, error) {
	f, ok := s.forgeAsked(r.form(fieldForge))
	if !ok {
		return s.connect(ctx, r)
	}
	in, way := readConnectInput(r), r.form(fieldWay)
	if way == wayApp && in.token != "" { // the first button is what Enter presses, wherever one types
		way = wayToken
	}
	v := s.newConnectView(f, in)
	s.checkInput(&v, in)
	switch keeps := s.Connecting != nil; {
	case v.isWrong():
		return v.refused(), nil
	case keeps && way == wayApp && f.apps:
		return s.askForApp(ctx, v, newSourceOf(f, in))
	case keeps && (way == wayToken || f.owner == ""):
		return s.connectNow(ctx, v, newSourceOf(f, in))
	}
	v.steps, v.ready = connectSteps(1), newConnectReady(f, s.URL, in.owner, in.name, in.address)
	return answer{title: connectTitle(v), body: connectPage(v), secret: true}, nil
}

// refused is the form with what is wrong in it. The token is not in it.
func (v connectView) refused() answer {
	wrong := ui.Wrong(append(pointers(v.fields), &v.token)...)
	return answer{status: http.StatusUnprocessableEntity, title: connectTitle(v), body: connectPage(v), wrong: wrong, secret: true}
}

// hostName is that of an address which may stand in a policy of what a page sends where.
var hostName = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]+)?$`)

// checkInput looks at what can be told without asking anybody.
func (s *Site) checkInput(v *connectView, in connectInput) {
	f := v.forge
	if f.owner != "" && !f.ownerRule.MatchString(in.owner) {
		v.wrong(fieldOwner, "Write "+f.example+" for "+f.pages+"/"+f.example+".")
	}
	switch {
	case !connectName.MatchString(in.name) || in.name == "connect" || in.name == "locations":
		v.wrong(fieldName, "Lower-case letters, digits and hyphens, such as "+f.key+".")
	case slices.Contains(s.sourceNames(), in.name):
		v.wrong(fieldName, "There is a source "+in.name+" already. Its page tells how it stands; choose another name for a second one.")
	}
	if f.owner == "" {
		if in.address == "" || strings.HasPrefix(in.address, "/") || strings.HasPrefix(in.address, ".") || strings.HasPrefix(in.address, "file:") || !strings.Contains(in.address, ":") {
			v.wrong(fieldURL, "Write an address such as https://git.example.com/platform/catalog.git. A folder of the portal's machine is named in callboard.yaml.")
		}
		return
	}
	if u, err := url.Parse(in.address); in.address != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || !hostName.MatchString(u.Host) || u.User != nil || u.RawQuery != "") {
		v.wrong(fieldURL, "Write an address such as "+f.pages+".")
	}
}

func newSourceOf(f forge, in connectInput) NewSource {
	return NewSource{
		Type: f.key, Name: in.name, Owner: in.owner, URL: apiAddress(f.key, in.address), Pages: pagesAddress(f, in.address),
		Branch: in.branch, Token: in.token, Hook: in.hook && f.owner != "",
	}
}

// connectNow has the portal keep the source, and leads to where one waits for it.
func (s *Site) connectNow(ctx context.Context, v connectView, n NewSource) (answer, error) {
	if n.Token == "" && v.forge.owner != "" {
		v.wrong(fieldToken, "Paste a token that has the rights below.")
		return v.refused(), nil
	}
	secret, err := s.Connecting.Connect(ctx, n)
	if err != nil {
		return v.answerTo(ctx, err)
	}
	if secret == "" {
		return answer{location: waitLink(n.Name)}, nil
	}
	v.steps, v.ready = connectSteps(1), newConnectReady(v.forge, s.URL, n.Owner, n.Name, n.Pages)
	v.ready.connected, v.ready.secret = true, secret
	return answer{title: connectTitle(v), body: connectPage(v), secret: true}, nil
}

// answerTo is the form with what an error says, at the field that it is about.
func (v connectView) answerTo(ctx context.Context, err error) (answer, error) {
	if fault.KindOf(err) == fault.Internal || ctx.Err() != nil {
		return answer{}, err
	}
	var m *Misfit
	if !errors.As(err, &m) || !v.wrong(m.Field, sentenceOf(err)) {
		v.problem = sentenceOf(err)
	}
	return v.refused(), nil
}

// askForApp shows the button that leads to the forge.
func (s *Site) askForApp(ctx context.Context, v connectView, n NewSource) (answer, error) {
	action, manifest, err := s.Connecting.AskForApp(ctx, n, s.URL+connectAppPath, s.URL+waitLink(n.Name))
	if err != nil {
		return v.answerTo(ctx, err)
	}
	u, err := url.Parse(action)
	if err != nil {
		return answer{}, err
	}
	v.steps, v.app = connectSteps(1), &connectApp{ui.Outside(action), manifest, n.Owner}
	return answer{title: connectTitle(v), body: connectPage(v), secret: true, posts: u.Scheme + "://" + u.Host}, nil
}

// appMade handles "GET /sources/connect/app", where a forge sends the browser.
func (s *Site) appMade(ctx context.Context, r request) (answer, error) {
	if s.Connecting == nil {
		return answer{}, fault.New(fault.NotFound, "sources are connected in the configuration here")
	}
	install, err := s.Connecting.AppMade(ctx, r.self.query.Get("state"), r.self.query.Get("code"))
	if err == nil {
		return answer{location: install}, nil
	}
	v := connectView{steps: connectSteps(0), choice: s.connectChoices()}
	return v.answerTo(ctx, err)
}

// pagesAddress is that of the pages of a forge.
func pagesAddress(f forge, address string) string {
	if apiAddress(f.key, address) == "" {
		return f.pages
	}
	return cmp.Or(strings.TrimSuffix(address, "/api/v3"), f.pages)
}
