package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web/internal/sample"
)

// connected is the portal of the sample organisation with what surveys told.
func connected(t *testing.T, repositories int) *portal {
	t.Helper()
	p := acme(t)
	if err := p.world.Connected(repositories); err != nil {
		t.Fatal(err)
	}
	p.settle()
	return p
}

func TestSource(t *testing.T) {
	p := connected(t, 2300)
	got := p.ok(p.ok("/sources").follow("table.sources a", "github"))
	got.wants("main", "github", "GitHub, organisation acme", "Repositories 2,304", "Deliveries 3 failed", "3 deliveries could not be used.")
	got.wants("[aria-labelledby=h-truth]", "All but 3, through 14:03:10", "Everything is handled but what waits for a person.")
	got.wants("[aria-labelledby=h-facts]", "Lag none", "13:51:10, push", "2,304, 256 archived", "0 open, 2 closed", "3,450 of 5,000", "full again at 14:24:10", "Compared Today 13:30", "Checked Today 14:00", "Read in full Today 03:03")
	got.wants("[aria-labelledby=h-held]", "acme/ledger would remove 41 entities.", "Remove 41", "Nothing has been removed.")
	got.wants("[aria-labelledby=h-missing]", "acme/pricing 1 entity", "Their entities stay.")
	if gaps := got.texts("[aria-labelledby=h-gaps] li .badge"); !cmp.Equal(gaps, []string{"Lost", "Closed"}) {
		t.Errorf("the gaps are %q", gaps)
	}
	got.wants("[aria-labelledby=h-notices]", "Withdrawn", "acme/pricing", "They can no longer be read.", "Connected", "54 repositories")
	if got.again() != "" {
		t.Error("nothing runs, and the page asks again")
	}
	if n := len(got.all("main .truth i.gap")); n != 2 {
		t.Errorf("%d gaps are on the line of the last day", n)
	}
	if got := p.get("/sources/none"); got.status != http.StatusNotFound {
		t.Errorf("a source that is none: %d", got.status)
	}
}

func TestSourceWhoseTokenIsRefused(t *testing.T) {
	p := connected(t, 0)
	got := p.ok("/sources/gitlab")
	got.wants("main .strip.bad", "The last survey did not end well.", "GitLab refuses the token: 401 Unauthorized", "tried again by itself")
	got.wants("[aria-labelledby=h-truth]", "Cannot be asked", "Complete through 13:30:28", "Its forge cannot be asked.")
	got.wants("[aria-labelledby=h-facts]", "the token may not see the webhooks of group acme")
	p.ok("/sources").wants(".strip.bad", "The forge of gitlab cannot be asked.", "401")
}

func TestSourceWithAnOpenGap(t *testing.T) {
	p := connected(t, 0)
	open := event.SourceGapFound{Source: "github", Gap: "g9", Kind: event.GapHead, Detail: "main is at 4f2a91c, and no delivery told so", Since: sample.Now.Add(-7 * time.Minute)}
	if _, err := p.world.Add(sample.Now.Add(-time.Minute), "github", "acme/cart", event.Actor{}, event.Cause{}, open); err != nil {
		t.Fatal(err)
	}
	p.settle()
	got := p.ok("/sources/github")
	got.wants("[aria-labelledby=h-truth]", "Has a gap", "through 13:56:10", "Something was missed 7 minutes 0 seconds ago")
	if first := got.texts("[aria-labelledby=h-gaps] li .badge")[0]; first != "Open" {
		t.Errorf("the first gap is %s", first)
	}
	p.ok("/catalog").wants(".side-foot", "late")
}

func TestSourceThatNobodySurveys(t *testing.T) {
	got := acme(t).ok("/sources/github")
	got.wants("[aria-labelledby=h-facts]", "reconcile is never")
	got.wants("[aria-labelledby=h-gaps]", "this source is not surveyed")
	if strings.Contains(got.text("main"), "Look for changes now") {
		t.Error("a survey is offered that cannot be")
	}
	if got := acme(t).post("/sources/survey", url.Values{"source": {"github"}}); got.status != http.StatusConflict {
		t.Errorf("asked all the same: %d, want 409", got.status)
	}
	p := empty(t)
	p.ok("/sources/github").wants("main", "Up to which moment it is complete is not known.", "No delivery has come, and nothing was asked.", "none that is kept")
	p.ok("/sources/github/repositories").wants(".empty", "No repository is known yet")
	p.ok("/sources/github/deliveries").wants(".empty", "No deliveries here")
}

func TestSurveyIsAskedForAndSeen(t *testing.T) {
	p := connected(t, 0)
	action, form := p.ok("/sources/github").submit(".page-head form", nil)
	to := p.post(action, form)
	if to.status != http.StatusSeeOther || !cmp.Equal(p.world.Surveyed, []string{"github"}) {
		t.Fatalf("%d, surveyed %v", to.status, p.world.Surveyed)
	}
	at := to.header.Get("Location")
	refresh := func(want, says string) {
		t.Helper()
		got := p.ok(at)
		if got.again() != want {
			t.Errorf("%s: it looks again after %q, want %q", says, got.again(), want)
		}
		if says != "" {
			got.wants(".waiting", says)
		} else if len(got.all(".waiting")) > 0 {
			t.Error("something is still waited for")
		}
	}
	refresh("3", "A survey begins")
	s := p.world.Surveys["github"]
	s.Running = "compare repositories with the catalog"
	p.world.Surveys["github"] = s
	refresh("3", "The forge is asked what there is.")
	s.Done, s.Total = 840, 2304
	p.world.Surveys["github"] = s
	refresh("3", "840 of 2,304 repositories.")
	p.world.Surveys["github"] = standing.Survey{Compared: sample.Now}
	refresh("", "")
}

// The page tells of teams and people: how many were read, who is left out, and why
// they cannot be read.
func TestSourceTellsOfPeople(t *testing.T) {
	p := connected(t, 8)
	s := p.world.Surveys["github"]
	at := func(people standing.People) *page {
		s.People = people
		p.world.Surveys["github"] = s
		return p.ok("/sources/github")
	}
	if got := at(standing.People{}); strings.Contains(got.body, "Teams and people") {
		t.Error("it tells of people that were not read so far")
	}
	at(standing.People{Err: "the token may not see people"}).wants("[aria-labelledby=h-facts]", "Teams and people not read", "cannot be read. the token may not see people What is known of them stays.")
	many := []string{"acme/pay is left out: group:default/pay is the name of acme/org/org.yaml already; rename one of the two"}
	for i := range 14 {
		many = append(many, fmt.Sprintf("acme/team %d is left out", i))
	}
	at(standing.People{Groups: 1, People: 1704, Read: sample.Now, LeftOut: many}).
		wants("[aria-labelledby=h-facts]", "1 group, 1,704 people", "acme/pay is left out", "and 5 more")
}

func TestRepositories(t *testing.T) {
	p := connected(t, 2300)
	n, at := 0, "/sources/github/repositories"
	for pages := 0; at != "" && pages < 60; pages++ {
		got := p.ok(at)
		n += len(got.all(".repositories tbody tr"))
		at = ""
		for _, a := range got.all(".pager a") {
			if textOf(a) == "Next" {
				at = attr(a, "href")
			}
		}
	}
	if n != 2304 {
		t.Errorf("%d repositories on all pages, want 2304", n)
	}
	p.ok("/sources/github/repositories?q=payments").wants(".repositories tbody", "acme/payments-api", "1 entity")
	p.ok("/sources/github/repositories?archived=1").wants(".pager", "1–50 of 256")
	p.ok("/sources/github/repositories?q=nothing+like+it").wants(".empty", "No repository matches")
	if got := p.get("/sources/github/repositories?page=none"); got.status != http.StatusBadRequest {
		t.Errorf("a page that is none: %d", got.status)
	}
}

func TestRepository(t *testing.T) {
	p := connected(t, 8)
	got := p.ok(p.ok("/sources/github/repositories?q=payments").follow(".repositories a", "acme/payments-api"))
	got.wants("[aria-labelledby=h-declares]", "Payments API")
	got.wants("[aria-labelledby=h-refused]", "spec.providesApis[1] must be a string")
	got.wants("[aria-labelledby=h-known]", "main", "Active", "Private", "Go", "shop")
	got.wants("[aria-labelledby=h-deliveries]", "push", "13:52:39")
	renamed := event.RepositoryRenamed{RepositoryState: event.RepositoryState{Repository: event.Repository{Source: "github", ID: "acme/ledger", FullName: "acme/books"}, DefaultBranch: "main", Archived: true}, From: "acme/ledger"}
	if _, err := p.world.Add(sample.Now, "github", "acme/books", event.Actor{}, event.Cause{}, renamed); err != nil {
		t.Fatal(err)
	}
	p.settle()
	old := p.get("/sources/github/repositories/acme/ledger")
	if old.status != http.StatusSeeOther || old.header.Get("Location") != "/sources/github/repositories/acme/books" {
		t.Errorf("the old name: %d to %q", old.status, old.header.Get("Location"))
	}
	p.ok("/sources/github/repositories/acme/books").wants("[aria-labelledby=h-known]", "Archived")
	if got := p.get("/sources/github/repositories/acme/none"); got.status != http.StatusNotFound {
		t.Errorf("a repository that is none: %d", got.status)
	}
}

func TestSourceDeliveries(t *testing.T) {
	p := connected(t, 0)
	all := p.ok("/sources/github/deliveries")
	action, values := all.submit(".card-filter", map[string]string{"event": "look", "q": "storefront", "from": "2026-03-12", "to": "2026-03-12"})
	got := p.ok(action + "?" + values.Encode())
	if rows := got.texts(".deliveries tbody tr"); len(rows) != 1 || !strings.Contains(rows[0], "look acme/storefront Done") {
		t.Errorf("the looks are %q", rows)
	}
	if diff := cmp.Diff([]string{"Event look", "Text storefront", "From 2026-03-12", "To 2026-03-12"}, got.texts(".chip")); diff != "" {
		t.Error(diff)
	}
	p.ok("/sources/github/deliveries?from=2026-03-12&to=2026-03-11").wants(".empty", "The period ends before it begins")
	p.ok("/sources/github/deliveries?repository=payments&status=done").wants(".deliveries tbody", "acme/payments-api")
	if other := p.ok("/sources/github/deliveries?source=gitlab").text(".card-foot"); !strings.Contains(other, "of 124") {
		t.Errorf("the page of github shows %s", other)
	}
	if got := p.get("/sources/github/deliveries?from=tomorrow"); got.status != http.StatusBadRequest {
		t.Errorf("a day that is none: %d", got.status)
	}
}

func TestReplayThoseThatAreTicked(t *testing.T) {
	p := connected(t, 0)
	got := p.ok("/sources/github/deliveries?status=failed")
	_, form := got.submit("#chosen", nil)
	for _, box := range got.all("input[form=chosen]")[:2] {
		form.Add(attr(box, "name"), attr(box, "value"))
	}
	to := p.post("/sources/replay", form)
	if to.status != http.StatusSeeOther || len(p.world.Replayed) != 2 {
		t.Fatalf("%d, replayed %v", to.status, p.world.Replayed)
	}
	p.ok(to.header.Get("Location")).wants(".toast", "2 deliveries are handled again.")
	form.Del("delivery")
	p.ok(p.post("/sources/replay", form).header.Get("Location")).wants(".toast", "Nothing was ticked")
	if len(p.world.Replayed) != 2 {
		t.Errorf("nothing was ticked, and %d are replayed", len(p.world.Replayed)-2)
	}

	// All that failed of what is shown.
	failed := p.ok("/sources/github/deliveries?repository=pricing")
	_, form = failed.submit(".card-head form:first-child", nil)
	p.post("/sources/replay", form)
	if len(p.world.Replayed) != 5 {
		t.Errorf("%d are replayed, want the three of pricing more", len(p.world.Replayed))
	}
	form.Set("repository", "ledger")
	p.post("/sources/replay", form)
	if len(p.world.Replayed) != 5 {
		t.Error("those of another repository are replayed")
	}
}

func TestAllowWhatIsHeld(t *testing.T) {
	p := connected(t, 0)
	got := p.ok(p.ok("/sources/github/deliveries?status=held").follow(".deliveries tbody a", "13:51:10"))
	got.wants("main", "acme/ledger would remove 41 entities.", "41 entities that acme/ledger declares leave the catalog. Their history stays.")
	action, form := got.submit("[aria-labelledby=h-held] form", nil)
	to := p.post(action, form)
	if to.status != http.StatusSeeOther || !cmp.Equal(p.world.Allowed, []string{"github:held-1"}) {
		t.Errorf("%d, allowed %v", to.status, p.world.Allowed)
	}
	if got := p.post("/sources/allow", url.Values{"delivery": {"github:none"}}); got.status != http.StatusNotFound {
		t.Errorf("one that is not there: %d", got.status)
	}
}

func TestDelivery(t *testing.T) {
	p := connected(t, 0)
	got := p.ok(p.ok("/sources/github/deliveries").follow(".deliveries tbody tr:nth-child(3) a", "14:03:14"))
	got.wants("[aria-labelledby=h-caused]", "Nothing so far: nothing changed.")
	got.wants("[aria-labelledby=h-body]", `"full_name" : "acme/storefront"`, "User-Agent Acme-Hookshot/1")
	got.wants("[aria-labelledby=h-attempts]", "Done", "took 0.0 s")
	raw := p.ok(got.follow("[aria-labelledby=h-body] a", "Download it"))
	if !strings.HasPrefix(raw.body, `{"ref":"refs/heads/main"`) || !strings.Contains(raw.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the download is %s %q", raw.header.Get("Content-Disposition"), raw.body)
	}

	failed := p.ok(p.ok("/sources/github/deliveries?status=failed").follow(".deliveries tbody a", "13:41:18"))
	failed.wants(".strip.bad", "Failed.", "the tree at 4e1ba02 is cut short by the forge", "then replay")
	failed.wants("[aria-labelledby=h-attempts]", "5 tries")

	look := p.ok("/sources/github/deliveries/github:look-1")
	look.wants("main", "A look at acme/storefront", "A delivery was missed.", "It makes up for a gap", "4f2a91c")
	if got := p.get("/sources/github/deliveries/github:look-1/body"); got.status != http.StatusNotFound {
		t.Errorf("the body of a look: %d", got.status)
	}
	for _, none := range []string{"/sources/github/deliveries/github:none", "/sources/gitlab/deliveries/github:look-1", "/sources/gitlab/deliveries/github:look-1/body"} {
		if got := p.get(none); got.status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", none, got.status)
		}
	}
}

func TestBodiesOfDeliveries(t *testing.T) {
	p := empty(t)
	for i, body := range []string{
		`{"long": "` + strings.Repeat("x", 100_000) + `"}`, "no JSON <script>alert(1)</script>", "\xff\xfe", `{"html": "<b>bold</b>"}`,
	} {
		id := fmt.Sprintf("github:b%d", i)
		if err := p.world.Deliver(sample.Now, "github", id, event.DeliveryReceived{Source: "github", Event: "push", Body: []byte(body), Size: len(body)}); err != nil {
			t.Fatal(err)
		}
	}
	form := event.DeliveryReceived{Source: "github", Event: "push", Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, Body: []byte("payload=%7B%22a%22%3A1%7D")}
	if err := p.world.Deliver(sample.Now, "github", "github:form", form); err != nil {
		t.Fatal(err)
	}
	p.settle()
	long := p.ok("/sources/github/deliveries/github:b0")
	long.wants("[aria-labelledby=h-body]", "Only its beginning is shown: it has 100.0 kB.")
	if len(long.body) > 90_000 {
		t.Errorf("the page has %d bytes", len(long.body))
	}
	p.ok("/sources/github/deliveries/github:b1").wants(".json", "<script>alert(1)</script>")
	p.ok("/sources/github/deliveries/github:b2").wants(".json", "�")
	p.ok("/sources/github/deliveries/github:b3").wants(".json", `"<b>bold</b>"`)
	p.ok("/sources/github/deliveries/github:form").wants(".json", `"a" : 1`)
}
