package sample

import (
	"fmt"
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/standing"
	"github.com/callboard/callboard/web"
)

// Connected adds to a world what surveys and forges tell of the connections: of
// github much, with more repositories than fit on a page; gitlab's token is refused.
// Settle is for after it.
func (w *World) Connected(repositories int) error {
	day := time.Date(2025, 9, 8, 9, 0, 0, 0, time.UTC)
	for i := range repositories {
		r := event.RepositoryState{
			Repository: event.Repository{Source: "github", ID: fmt.Sprintf("r%04d", i), FullName: fmt.Sprintf("acme/lab-%04d", i)}, DefaultBranch: "main",
			URL: fmt.Sprintf("https://git.acme.example/acme/lab-%04d", i), Description: "An experiment of the lab", Archived: i%9 == 4, Fork: i%31 == 7, Visibility: "internal",
		}
		if i == 3 {
			r.FullName += "-whose-name-is-much-longer-than-anybody-would-think-a-name-of-a-repository-could-become"
			r.Description = "Says in a very long description what it is for, so long that a line of a table does not hold it, and neither does a second one, whatever the width of the window is"
		}
		if err := w.Observe(day, r); err != nil {
			return err
		}
	}
	for _, name := range []string{"payments-api", "storefront", "ledger", "pricing"} {
		if err := w.Observe(day, event.RepositoryState{
			Repository: event.Repository{Source: "github", ID: "acme/" + name, FullName: "acme/" + name}, DefaultBranch: "main", Language: "Go", Topics: []string{"shop"},
			URL: "https://git.acme.example/acme/" + name, Visibility: "private",
		}); err != nil {
			return err
		}
	}
	if err := w.gaps(); err != nil {
		return err
	}
	w.Surveys["github"] = standing.Survey{
		Compared: Now.Add(-33 * time.Minute), Checked: Now.Add(-3 * time.Minute), Read: Now.Add(-11 * time.Hour), Found: repositories + 4,
		Budget:  standing.Budget{Limit: 5000, Remaining: 3450, Reset: Now.Add(21 * time.Minute)},
		Missing: []event.Repository{{Source: "github", ID: "acme/pricing", FullName: "acme/pricing"}},
	}
	w.Surveys["gitlab"] = standing.Survey{
		Checked: Now.Add(-90 * time.Minute), Compared: Now.Add(-90 * time.Minute), Err: "GitLab refuses the token: 401 Unauthorized. It may have expired; it needs the scope read_api",
		Unseen: "the token may not see the webhooks of group acme",
	}
	w.Refused["gitlab"] = []web.Refusal{{At: Now.Add(-78 * time.Second), Status: 401, Problem: "the secret token is not the one of this source", Event: "Push Hook", ContentType: "application/json"}}
	return nil
}

// gaps are two that are closed, one that is lost and what the forge told.
func (w *World) gaps() error {
	add := func(at time.Time, subject string, data event.Data) error {
		_, err := w.Add(at, "github", subject, event.Actor{}, event.Cause{Schedule: "compare"}, data)
		return err
	}
	ago := func(minutes int) time.Time { return Now.Add(-time.Duration(minutes) * time.Minute) }
	storefront := event.Repository{Source: "github", ID: "acme/storefront", FullName: "acme/storefront"}
	for _, one := range []struct {
		at   time.Time
		data event.Data
	}{
		{ago(6 * 24 * 60), event.SourceNoticed{Source: "github", Notice: event.NoticeConnected, Detail: "the App was installed for 54 repositories"}},
		{ago(700), event.SourceGapFound{Source: "github", Gap: "g1", Kind: event.GapHead, Repository: storefront, Detail: "main is at 4f2a91c, and no delivery told so", Since: ago(722)}},
		{ago(698), event.SourceGapClosed{Source: "github", Gap: "g1", Detail: "read from the forge"}},
		{ago(500), event.SourceGapFound{Source: "github", Gap: "g2", Kind: event.GapDelivery, Delivery: "github:d-lost", Detail: "a delivery of member was sent and did not come", Since: ago(540)}},
		{ago(500), event.SourceGapClosed{Source: "github", Gap: "g2", Detail: "the forge has forgotten it; the next comparison makes up for what it told of repositories", Lost: true}},
		{ago(50), event.SourceNoticed{Source: "github", Notice: event.NoticeWithdrawn, Repositories: []event.Repository{{Source: "github", ID: "acme/pricing", FullName: "acme/pricing"}}}},
	} {
		if err := add(one.at, "github", one.data); err != nil {
			return err
		}
	}
	held := "github:held-1"
	if err := w.Deliver(ago(12), "github", held, event.DeliveryReceived{Source: "github", Event: "push", Size: 7100, Body: []byte(`{"ref":"refs/heads/main"}`)}); err != nil {
		return err
	}
	if err := w.Deliver(ago(12), "github", held, event.DeliveryHandled{Status: event.DeliveryHeld, Repository: "acme/ledger", Removes: 41, Attempts: 1,
		Error: "acme/ledger: this would remove 41 of the 63 entities of source github, more than 20 % at once. If that is meant, allow it on the page of the source"}); err != nil {
		return err
	}
	look := "github:look-1"
	if err := w.Deliver(ago(33), "github", look, event.RepositoryDue{Repository: storefront, Head: "4f2a91c0de4f2a91c0de4f2a91c0de4f2a91c0de", Reason: "a delivery was missed", Gap: "g1"}); err != nil {
		return err
	}
	return w.Deliver(ago(33), "github", look, event.DeliveryHandled{Status: event.DeliveryDone, Repository: "acme/storefront", RepositoryID: "acme/storefront", Attempts: 1, Took: 88 * time.Millisecond})
}
