package github

import (
	"fmt"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
)

// connected is what is read of deliveries about the connection itself.
type connected struct {
	Installation struct {
		Account account `json:"account"` // only where an App is told of its installations
	} `json:"installation"`
	Account      account      `json:"account"` // of installation_target
	Repositories []repository `json:"repositories"`
	Added        []repository `json:"repositories_added"`
	Removed      []repository `json:"repositories_removed"`
	Hook         struct {
		Type string `json:"type"` // "Repository", "Organization" or "App"
	} `json:"hook"`
}

// installation tells that an App was installed, suspended or removed.
func (t *told) installation() (ingest.Meaning, error) {
	account := t.Installation.Account.Login
	switch t.Action {
	case "created":
		return t.notice(event.NoticeConnected, "the App was installed for "+account, t.Repositories)
	case "unsuspend":
		return t.notice(event.NoticeConnected, "the App was taken up again for "+account, nil)
	case "new_permissions_accepted":
		return t.notice(event.NoticeConnected, account+" accepted the App's new permissions", nil)
	case "suspend":
		return t.notice(event.NoticeSuspended, "the App was suspended for "+account, nil)
	case "deleted":
		return t.notice(event.NoticeRemoved, "the App was removed from "+account, nil)
	}
	return ingest.Meaning{}, nil
}

// installationRepositories tells of which repositories an App may see more or less.
func (t *told) installationRepositories() (ingest.Meaning, error) {
	switch t.Action {
	case "added":
		return t.notice(event.NoticeGranted, count(t.Added)+" added to the App", t.Added)
	case "removed":
		return t.notice(event.NoticeWithdrawn, count(t.Removed)+" taken from the App", t.Removed)
	}
	return ingest.Meaning{}, nil
}

func count(all []repository) string {
	if len(all) == 1 {
		return all[0].FullName + " was"
	}
	return fmt.Sprintf("%d repositories were", len(all))
}

// installationTarget tells that an account with an installation has a new name.
func (t *told) installationTarget() (ingest.Meaning, error) {
	if t.Action != "renamed" {
		return ingest.Meaning{}, nil
	}
	return t.notice(event.NoticeConnected, fmt.Sprintf("%s is called %s now", t.Changes.Login.From, t.Account.Login), nil)
}

// meta tells that this very webhook was deleted.
func (t *told) meta() (ingest.Meaning, error) {
	if t.Action != "deleted" {
		return ingest.Meaning{}, nil
	}
	of := "a repository's"
	switch t.Hook.Type {
	case "Organization":
		of = "an organisation's"
	case "App":
		of = "the App's"
	}
	m, err := t.notice(event.NoticeHookDeleted, of+" webhook was deleted; nothing is heard of it any more", []repository{t.Repository})
	m.Survey = false // what there is has not changed
	return m, err
}

// people tells of teams and members, not always by name.
func (t *told) people() (ingest.Meaning, error) {
	switch t.Action {
	case "created", "deleted", "edited", "added_to_repository", "removed_from_repository", // team
		"added", "removed", // membership, member
		"member_added", "member_removed", "renamed": // organization
		m, _ := t.about() // some are about a repository
		m.By, m.Survey = t.Sender.actor(), true
		return m, nil
	}
	return ingest.Meaning{}, nil
}

// notice says something about the connection, to the repositories that have
// a name.
func (t *told) notice(notice, detail string, about []repository) (ingest.Meaning, error) {
	said := event.SourceNoticed{Source: t.source, Notice: notice, Detail: ingest.Short(detail)}
	for i := range about {
		if r := &about[i]; r.ID > 0 && isFullName(r.FullName) {
			said.Repositories = append(said.Repositories, r.named(t.source))
		}
	}
	subject := ""
	for _, owner := range t.owners() {
		if isName(owner) {
			subject = owner
			break
		}
	}
	if len(said.Repositories) == 1 {
		subject = said.Repositories[0].FullName
	}
	m := ingest.Meaning{By: t.Sender.actor(), Survey: true}
	return t.sayOf(m, subject, ingest.Moment{}.Time, said)
}
