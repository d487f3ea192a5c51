package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/demoforge"
	"github.com/callboard/callboard/internal/fault"
)

// undoing is a portal in which events are undone, and a repository that it reads.
type undoing struct {
	*running
	t      *testing.T
	repo   *demoforge.Repository
	portal *portalClient
}

func startUndoing(t *testing.T) *undoing {
	t.Helper()
	r := startSurveyed(t, "@every 24h")
	token, err := loadToken(r.config.Data)
	if err != nil {
		t.Fatal(err)
	}
	return &undoing{r, t, r.repository(t, demoforge.GitHub, "acme/shop"), newPortalClient(r.base, token)}
}

// declare pushes a file that declares components, "till of a".
func (u *undoing) declare(file string, all ...string) {
	u.t.Helper()
	var docs []string
	for _, one := range all {
		name, owner, _ := strings.Cut(one, " of ")
		docs = append(docs, fmt.Sprintf("apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: %s}\nspec: {type: service, lifecycle: production, owner: %s}\n", name, owner))
	}
	u.push(demoforge.Change{Files: map[string]string{file: strings.Join(docs, "---\n")}})
}

func (u *undoing) push(c demoforge.Change) {
	u.t.Helper()
	c.Author, c.Time, c.Message = pebbledash, time.Now(), "Change"
	d, err := u.repo.Push("main", c)
	if err != nil {
		u.t.Fatal(err)
	}
	u.send(u.t, d)
	u.settle(u.t)
}

// readAgain has the whole repository read, and something else in it pushed.
func (u *undoing) readAgain() {
	u.t.Helper()
	u.push(demoforge.Change{Files: map[string]string{"README.md": time.Now().String()}})
	u.mustSurvey(u.t, demoforge.GitHub)
	u.settle(u.t)
}

// is checks who owns the components; one of nobody is not there.
func (u *undoing) is(says string, all ...string) {
	u.t.Helper()
	for _, one := range all {
		name, owner, _ := strings.Cut(one, " of ")
		e, ok := u.catalog.Snapshot().Get("component:default/" + name)
		if got := ""; ok {
			if got = strings.TrimPrefix(e.Owner(), "group:default/"); got != owner {
				u.t.Errorf("%s: %s is owned by %q, want %q", says, name, got, owner)
			}
		} else if owner != "" {
			u.t.Errorf("%s: %s is not there", says, name)
		}
	}
}

// newest is the newest event about a component.
func (u *undoing) newest(name string) eventlog.Position {
	u.t.Helper()
	var all struct {
		Items []struct {
			Position eventlog.Position
			Type     event.Type
		}
	}
	if err := u.portal.ask(u.t.Context(), http.MethodGet, "/api/history/events?entity=component:default/"+name, nil, &all); err != nil {
		u.t.Fatal(err)
	}
	var newest eventlog.Position // the times of commits are in whole seconds
	for _, e := range all.Items {
		if e.Type != event.TypeEntityRejected {
			newest = max(newest, e.Position)
		}
	}
	return newest
}

func (u *undoing) undoEvent(p eventlog.Position) error {
	return u.portal.ask(u.t.Context(), http.MethodPost, "/api/history/events/"+strconv.FormatUint(uint64(p), 10)+"/undo", map[string]string{"reason": "a mistake", "by": "mossbank"}, nil)
}

func (u *undoing) mustUndo(name string) eventlog.Position {
	u.t.Helper()
	p := u.newest(name)
	if err := u.undoEvent(p); err != nil {
		u.t.Fatal(err)
	}
	return p
}

// What is undone stays so, however often the repository is read, until its file says
// something else; and undoing can be undone.
func TestUndo(t *testing.T) {
	u := startUndoing(t)
	u.declare("catalog-info.yaml", "till of a")
	u.declare("catalog-info.yaml", "till of b")

	changed := u.mustUndo("till")
	u.is("a change undone", "till of a")
	u.readAgain()
	u.is("read again", "till of a")
	u.says(t, "/api/history/events?entity=component:default/till", `"undone: a mistake"`, `"name":"mossbank"`)
	u.says(t, "/catalog/default/component/till", "Somebody undid what the file says")
	last, err := u.events.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, exported := u.read(t, fmt.Sprintf("/api/history/records?after=%d", last-3))
	if want := `"undoes":"` + strconv.FormatUint(uint64(changed), 10) + `"`; !strings.Contains(exported, want) {
		t.Errorf("the record does not say %s: %s", want, exported)
	}
	if err := u.undoEvent(changed); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "undid that already") {
		t.Errorf("undone twice: %v", err)
	}
	page := u.base + "/audit/" + strconv.FormatUint(uint64(changed), 10)
	why := map[string]string{"reason": "a mistake", "by": "mossbank"}
	another, late := newVisitor(t).open(u.base+"/audit/"+strconv.FormatUint(uint64(u.newest("till")), 10)), newVisitor(t).open(u.base+"/audit/"+strconv.FormatUint(uint64(u.newest("till")), 10))
	another.press("Undo this event", why).isTold(".detail", "Undoes event")
	late.press("Undo this event", why).isTold(".detail", "Undone by").isTold(".detail .strip.bad", "undid that already")
	newVisitor(t).open(page).isTold(".detail", "Undone by", "which was undone by")
	u.is("undone and undone", "till of b")
	u.readAgain()
	u.is("read again", "till of b")
	u.mustUndo("till")
	u.is("undone once more", "till of a")
	u.declare("catalog-info.yaml", "till of c")
	u.is("the file says something else", "till of c")

	// What is put back in the file and pushed again counts.
	u.declare("catalog-info.yaml", "till of d")
	u.mustUndo("till")
	u.is("undone", "till of c")
	u.declare("catalog-info.yaml", "till of c")
	u.declare("catalog-info.yaml", "till of d")
	u.is("pushed again", "till of d")
	// Another document of the file is another matter.
	u.mustUndo("till")
	u.declare("catalog-info.yaml", "till of d", "other of a")
	u.is("another document is new", "till of c", "other of a")
	u.readAgain()
	u.is("read again", "till of c", "other of a")
	u.declare("catalog-info.yaml", "till of a")
	u.declare("catalog-info.yaml", "till of c")

	// What is wrong in the file stays wrong.
	u.push(demoforge.Change{Files: map[string]string{"catalog-info.yaml": "kind: Component\nmetadata: {name: till}\n"}})
	broken := func(says string) {
		t.Helper()
		if e, _ := u.catalog.Snapshot().Get("component:default/till"); e.Rejection == nil {
			t.Errorf("%s: nothing is wrong with the descriptor", says)
		}
	}
	broken("pushed")
	u.mustUndo("till")
	u.is("undone beside a broken descriptor", "till of a")
	broken("undone")
	u.readAgain()
	u.is("read again", "till of a")
	broken("read again")
	u.declare("catalog-info.yaml", "till of c")

	u.declare("catalog-info.yaml", "till of c", "pay of c")
	u.mustUndo("pay")
	u.is("a registration undone", "till of c", "pay")
	u.says(t, "/api/rejections", "undone: a mistake; it counts again once the file says something else")
	u.readAgain()
	u.is("read again", "till of c", "pay")
	u.mustUndo("pay")
	u.is("undone and undone", "pay of c")
	u.readAgain()
	u.is("read again", "till of c", "pay of c")
	if status, body := u.read(t, "/api/rejections"); status != http.StatusOK || strings.Contains(body, "undone") {
		t.Errorf("it is still refused: %d %s", status, body)
	}
	u.mustUndo("pay")
	u.declare("catalog-info.yaml", "till of c", "pay of d")
	u.is("the file says something else", "pay of d")

	uid := u.uid("pay")
	u.push(demoforge.Change{Remove: []string{"catalog-info.yaml"}})
	u.is("removed", "till", "pay")
	u.mustUndo("pay")
	u.is("a removal undone", "till", "pay of d")
	if got := u.uid("pay"); got != uid {
		t.Errorf("its uid was %s and is %s", uid, got)
	}
	u.readAgain()
	u.is("read again", "till", "pay of d")
	u.declare("catalog-info.yaml", "till of c", "pay of d")
	u.is("declared again just so", "pay of d")
	u.push(demoforge.Change{Remove: []string{"catalog-info.yaml"}})
	u.is("removed for good", "pay")
	u.declare("catalog-info.yaml", "pay of e")
	u.is("declared anew", "pay of e")
	u.push(demoforge.Change{Remove: []string{"catalog-info.yaml"}})
	u.is("removed again", "pay")
}

func (u *undoing) uid(name string) string {
	u.t.Helper()
	e, ok := u.catalog.Snapshot().Get("component:default/" + name)
	if !ok {
		u.t.Fatalf("%s is not there", name)
	}
	return e.Entity.Metadata.UID
}

// A delivery is undone whole or not at all, on its page as by the API.
func TestUndoDelivery(t *testing.T) {
	u := startUndoing(t)
	u.declare("catalog-info.yaml", "till of a", "pay of a", "old of a")
	u.declare("catalog-info.yaml", "till of b", "pay of b", "new of b")
	var all struct {
		Items []struct{ ID string }
	}
	if err := u.portal.ask(t.Context(), http.MethodGet, "/api/deliveries?source=github", nil, &all); err != nil {
		t.Fatal(err)
	}
	at := u.base + "/sources/github/deliveries/" + all.Items[0].ID
	why := map[string]string{"reason": "pushed to the wrong branch", "by": "saltmarsh"}

	u.declare("more/catalog-info.yaml", "extra of x")
	u.declare("catalog-info.yaml", "till of c", "pay of b", "new of b")
	newVisitor(t).open(at).press("Undo what it led to", why).isTold(".strip.bad", "changed component:default/till again: undo that first")
	u.is("not undone in part", "till of c", "pay of b", "new of b", "old")

	u.mustUndo("till")
	newVisitor(t).open(at).press("Undo what it led to", map[string]string{"reason": ""}).isTold(".problem", "Say why it is to be undone").isTold("#main .strip a[href='#undo-reason']", "Why")
	u.mustUndo("till") // the undoing
	u.is("as the file says", "till of c")

	u.declare("catalog-info.yaml", "till of b", "pay of b", "new of b")
	if err := u.portal.ask(t.Context(), http.MethodGet, "/api/deliveries?source=github", nil, &all); err != nil {
		t.Fatal(err)
	}
	if err := u.portal.ask(t.Context(), http.MethodPost, "/api/deliveries/"+all.Items[0].ID+"/undo", why, nil); err != nil {
		t.Fatal(err)
	}
	u.is("a delivery undone", "till of c", "pay of b", "new of b", "extra of x")
	u.readAgain()
	u.is("read again", "till of c", "pay of b", "new of b", "extra of x")
	v := newVisitor(t).open(u.base + "/audit/" + strconv.FormatUint(uint64(u.newest("till")), 10))
	v.isTold(".detail", "Undoes event", "undone: pushed to the wrong branch", "saltmarsh")
}
