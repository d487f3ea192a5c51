package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web/ui"
)

// Refusal is a delivery that the webhook door did not take.
type Refusal struct {
	At          time.Time
	Status      int    // that it was answered with
	Problem     string // for people
	Event       string // as its headers name it; "" if they do not
	ContentType string
}

// firstEntities is how many of what came of a new source its page shows.
const firstEntities = 12

// waitAgain is how often a page that waits is asked for again.
const waitAgain = 3 * time.Second

// connectingView is how far a source is on the way to the catalog.
type connectingView struct {
	head     sourceHead // its name only, of a source that is not configured
	name     string
	known    bool
	steps    []ui.Step
	done     bool
	title    string // what is waited for
	text     string
	refused  *refusedView
	heard    bool        // something was taken before that
	remake   *remakeView // nil: no webhook is missing, or it is being made
	hook     *Webhook    // that the portal makes; nil if it does not
	checks   []ui.Verdict
	payload  string
	another  string // where another secret is made
	hooks    templ.SafeURL
	app      templ.SafeURL // the forge's page of Apps that are installed; "" if it is no App
	found    []ui.EntityLink
	taken    int    // descriptors that declare what another source has
	taker    string // one such
	more     int
	all      string
	percent  int
	progress string
}

// refusedView is the newest delivery that was not taken, if none was since.
type refusedView struct{ title, text, todo string }

// connecting handles "GET /sources/{name}/connect": it waits for what a new source
// is to send, and says what is wrong.
func (s *Site) connecting(ctx context.Context, r request) (answer, error) {
	src, state, head, err := s.sourceOf(ctx, r, "connect")
	if err == nil && r.self.query.Has(fieldInstallation) {
		return s.installed(ctx, src, state)
	}
	v := connectingView{name: r.param("name"), known: err == nil, head: head}
	if fault.KindOf(err) == fault.NotFound && connectName.MatchString(v.name) {
		v.steps = connectSteps(1)
		v.title, v.text = "Waiting for "+v.name+" to be configured", "Paste it into callboard.yaml and start the portal again, or send it SIGHUP. This page looks again by itself."
		v.checks = []ui.Verdict{{State: "wait", Text: "The source is in the configuration"}}
		return answer{title: "Connect " + v.name, body: connectingPage(v), again: waitAgain}, nil
	}
	if err != nil {
		return answer{}, err
	}
	if v.another = connectPath; src.Connected {
		v.another = changeLink(src.Name)
	}
	if src.Type != "git" {
		v.payload = s.payload(src)
	}
	if f, ok := forgeOf(src.Type); ok && src.Pages != "" && len(src.Owners) > 0 {
		v.hooks = hooksPage(f.key, src.Pages, src.Owners[0])
		if src.App {
			v.app = ui.Outside(src.Pages + "/organizations/" + src.Owners[0] + "/settings/installations")
		}
	}
	refusals := s.Refusals(src.Name)
	if len(refusals) > 0 && (state.Last == nil || refusals[0].At.After(state.Last.Received)) {
		v.refused = newRefusedView(refusals[0], r.now)
		v.heard = state.Last != nil
	}
	found := r.catalog.Find(entities.Query{Sources: []string{src.Name}, Order: entities.ByName, Limit: firstEntities})
	for _, e := range found.Entries {
		v.found = append(v.found, named(r.catalog, e.Ref))
	}
	v.more = found.Total - len(v.found)
	for _, rej := range r.catalog.Rejections() {
		if rej.Origin.Source == src.Name && rej.With != nil && rej.With.Source != src.Name {
			v.taken, v.taker = v.taken+1, rej.With.Source
		}
	}
	v.all = link{path: catalogPath}.set("source", src.Name).String()
	if s.Connecting != nil {
		if w, ok := s.Connecting.Webhook(src.Name); ok {
			v.hook = &w
		}
	}
	if v.hook == nil || !v.hook.Running {
		v.remake = s.newRemakeView(src, state)
	}
	v.check(src, state, refusals, found.Total)
	a := answer{title: "Connect " + src.Name, body: connectingPage(v)}
	if !v.done {
		a.again = waitAgain
	}
	return a, nil
}

// fieldInstallation is what GitHub adds to the address once an App was installed.
const fieldInstallation = "installation_id"

// installed has a source looked at whose App was installed just now; which
// installation that is, the source asks the forge itself. Anybody's link leads here:
// of a source that was looked at before it says nothing new.
func (s *Site) installed(ctx context.Context, src Source, state standing.State) (answer, error) {
	if src.App && (state.Survey == nil || state.Survey.Compared.IsZero()) {
		if err := s.Survey(ctx, src.Name); err != nil && fault.KindOf(err) != fault.Conflict {
			return answer{}, err
		}
	}
	return answer{location: waitLink(src.Name)}, nil
}

// What a forge may call an event and the type of a body. Anybody can send something,
// and what they call it is shown only if it is one of these.
var (
	eventName   = regexp.MustCompile(`^([a-z_]{1,40}|([A-Z][A-Za-z]{1,20} ){1,3}Hook)$`)
	contentType = regexp.MustCompile(`^[a-z]{1,20}/[a-z0-9.+-]{1,40}(; ?charset=[A-Za-z0-9-]{1,20})?$`)
)

func newRefusedView(f Refusal, now time.Time) *refusedView {
	what := "something that does not say what it is"
	if eventName.MatchString(f.Event) {
		what = f.Event
	}
	what = ui.Stamp(f.At, now).Text + ", " + what + ": " + strings.TrimRight(f.Problem, ".")
	v := &refusedView{title: "Something came and was not taken.", text: what, todo: "The forge sends it again when it is asked to."}
	switch f.Status {
	case http.StatusUnauthorized:
		v.title, v.todo = "Something came, with another secret.", "Paste the secret into the webhook again and save. Or make a new one and give it to both sides."
	case http.StatusUnsupportedMediaType:
		v.title, v.todo = "Something came, and not as JSON.", "Set the content type of the webhook to application/json and save."
		if contentType.MatchString(f.ContentType) {
			v.todo += " It came as " + f.ContentType + "."
		}
	case http.StatusServiceUnavailable:
		v.todo = "Deliveries cannot be stored just now: the log of the portal says why."
	}
	return v
}

// check goes through what it takes, in the order of the way.
func (v *connectingView) check(src Source, s standing.State, refusals []Refusal, found int) {
	missing := ""
	if v.remake != nil {
		missing = v.remake.says
	}
	heard, hears := s.Last != nil && missing == "", src.Type != "git" // which is looked at again and again
	add := func(good, bad bool, text, note string) {
		state := "wait"
		switch {
		case good:
			state, note = "good", ""
		case bad:
			state = "bad"
		}
		v.checks = append(v.checks, ui.Verdict{State: state, Text: text, Note: note})
	}
	// Anybody can send something that is refused: of a source that was heard it says nothing.
	refused := func(status int) bool {
		return v.refused != nil && s.Last == nil && refusals[0].Status == status
	}
	add(true, false, "The source is in the configuration", "")
	asked := false // its forge can be
	if s.Survey == nil {
		add(false, false, "Its forge is not asked", "It sends what it has to tell, or its reconcile is never; so nothing is discovered.")
	} else {
		asked = s.Survey.Err == "" && !(s.Survey.Compared.IsZero() && s.Survey.Checked.IsZero())
		add(asked, s.Survey.Err != "", "Its forge answers, and takes the token", s.Survey.Err)
	}
	if v.hook != nil {
		v.checkHook(*v.hook)
	}
	switch {
	case missing != "":
		add(false, true, "A webhook leads here", ui.Sentence(missing)+".")
	case hears:
		add(heard, false, "A webhook was heard", "The forge sends a ping the moment the webhook is saved; its page of the webhook shows what it sent, and what it was answered.")
		add(heard && !refused(http.StatusUnsupportedMediaType), refused(http.StatusUnsupportedMediaType), "The content type is application/json", "")
		add(heard && !refused(http.StatusUnauthorized), refused(http.StatusUnauthorized), "The signature matches the secret", "")
	}
	discovered := s.Survey != nil && !s.Survey.Compared.IsZero()
	text := "The repositories are discovered"
	if s.Counts.Repositories > 0 {
		text += ": " + ui.Number(s.Counts.Repositories)
	}
	add(discovered || s.Survey == nil && s.Counts.Repositories > 0, false, text, "")
	add(found > 0, false, "The first entities are in the catalog", "They come from each catalog-info.yaml on a default branch.")
	if s.Survey != nil && s.Survey.Running != "" && s.Survey.Total > 0 {
		v.percent = 100 * s.Survey.Done / s.Survey.Total
		v.progress = fmt.Sprintf("%s of %s repositories are looked at.", ui.Number(s.Survey.Done), ui.Number(s.Survey.Total))
	}
	step, making := 5, v.hook != nil && v.hook.Running
	switch {
	case refused(http.StatusUnauthorized) || refused(http.StatusUnsupportedMediaType):
		step, v.title, v.text = 2, "Waiting for a delivery that can be taken", "Mend the webhook and save it; the forge's page of it can send the ping again."
	case !heard && src.App && s.Survey != nil && s.Survey.Err != "":
		step, v.title, v.text = 2, "Waiting for the App to be installed", "Install it in "+strings.Join(src.Owners, ", ")+" and let it see the repositories that are to be read; the forge tells of it at once."
	case !heard && making:
		step, v.title, v.text = 2, "Making the webhook of "+src.Name, "The forge is asked to send what moves."
	case missing != "" && s.Last == nil:
		step, v.title, v.text = 2, "Waiting for the webhook of "+src.Name, "The forge has none that leads here so far. Its ping comes the moment it is saved."
	case missing != "":
		step, v.title, v.text = 2, "Waiting for the webhook of "+src.Name+" to be made again", "Until then, what moves is found by comparison only. It was deleted at the forge, switched off, or leads elsewhere."
	case !heard && hears:
		step, v.title, v.text = 2, "Waiting for the ping of "+src.Name, "The forge sends it the moment you save the webhook."
	case s.Survey != nil && s.Survey.Err != "":
		step, v.title, v.text = 3, "Waiting for the forge to answer", "It is asked again by itself; another token counts once the configuration is read again."
	case s.Survey != nil && !discovered:
		step, v.title, v.text = 3, "Discovering the repositories", "The forge is asked what there is."
	case found == 0 && v.taken > 0:
		step, v.title, v.text = 4, "What it declares is in the catalog already", ui.Plural(v.taken, "descriptor declares", "descriptors declare")+" what source "+v.taker+" has: two sources read the same repositories. Disconnect one of the two."
	case found == 0:
		step, v.title, v.text = 4, "Waiting for the first entity", "No repository that was read has a catalog-info.yaml so far. A push of one appears within a second."
	case making:
		step, v.title, v.text = 4, "Making the webhooks of "+src.Name, "Those of its projects that have none yet are compared once an hour."
	}
	v.steps, v.done = connectSteps(step), step == 5
}

const makeHookPath = sourcesPath + "/webhook"

// makeHook handles "POST /sources/webhook".
func (s *Site) makeHook(ctx context.Context, _ browser, form url.Values) (string, error) {
	name := form.Get(fieldSource)
	if s.MakeHook == nil {
		return "", fault.New(fault.NotFound, "no webhook can be made here")
	}
	return waitLink(name), s.MakeHook(ctx, name)
}

// stopped reports whether a webhook was to be made and is not, or not tried.
func (v connectingView) stopped() bool { return v.hook != nil && !v.hook.Running && v.hook.Error != "" }

// checkHook tells what became of the webhook that the portal makes.
func (v *connectingView) checkHook(w Webhook) {
	is := ui.Verdict{State: "good", Text: ui.Sentence(w.Made)}
	switch {
	case w.Error != "" && w.Made == "":
		is = ui.Verdict{State: "bad", Text: "The webhook is made", Note: w.Error + ". What is there stays"}
	case w.Error != "":
		is.State, is.Note = "bad", w.Error
	case w.Running && w.Done > 0:
		is = ui.Verdict{State: "wait", Text: "The webhooks are made", Note: "The group can have none of its own: " + ui.Plural(w.Done, "project has one", "projects have one each") + " so far."}
	case w.Running:
		is = ui.Verdict{State: "wait", Text: "The webhook is made"}
	}
	v.checks = append(v.checks, is)
}
