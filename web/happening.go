package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/history"
	"github.com/callboard/callboard/web/ui"
)

// told is how a type of event is told: an icon, a look and a word.
type told struct{ icon, look, title string }

func tellType(t event.Type) told {
	switch t {
	case event.TypeEntityRegistered:
		return told{"plus", "good", "Registered"}
	case event.TypeEntityChanged:
		return told{"edit", "", "Changed"}
	case event.TypeEntityRemoved:
		return told{"minus", "bad", "Removed"}
	case event.TypeEntityRejected:
		return told{"x-circle", "bad", "Descriptor refused"}
	case event.TypeEntityConflicted:
		return told{"swap", "bad", "Declared elsewhere"}
	case event.TypeLocationRegistered:
		return told{"location", "good", "Location registered"}
	case event.TypeLocationRemoved:
		return told{"minus", "bad", "Location removed"}
	case event.TypeLogSealed:
		return told{"proof", "good", "Sealed"}
	case event.TypeReactionFailed:
		return told{"alert", "bad", "A reactor gave up"}
	}
	return tellTypeAround(t)
}

// tellTypeAround tells of what happens around entities.
func tellTypeAround(t event.Type) told {
	switch t {
	case event.TypeRepositoryObserved:
		return told{"eye", "", "Repository"}
	case event.TypeRepositoryRenamed:
		return told{"arrow-right", "", "Repository renamed"}
	case event.TypeRepositoryArchived:
		return told{"lock", "", "Repository archived"}
	case event.TypeRepositoryUnarchived:
		return told{"undo", "good", "Repository unarchived"}
	case event.TypeRepositoryDeleted:
		return told{"minus", "bad", "Repository deleted"}
	case event.TypeRepositoryLeft:
		return told{"external", "bad", "Repository transferred away"}
	case event.TypeActivityPush:
		return told{"commit", "", "Push"}
	case event.TypeActivityPullRequest:
		return told{"branch", "", "Pull request"}
	case event.TypeActivityRelease:
		return told{"flag", "good", "Release"}
	case event.TypeActivityDeployment:
		return told{"deploy", "", "Deployment"}
	case event.TypeActivityPipeline:
		return told{"play", "", "Pipeline"}
	case event.TypeActivityAlert:
		return told{"shield", "bad", "Security alert"}
	case event.TypeFactRecorded:
		return told{"event", "", "Fact"}
	case event.TypeSourceConnected:
		return told{"link", "good", "Source connected"}
	case event.TypeSourceChanged:
		return told{"settings", "", "Source changed"}
	case event.TypeSourceDisconnected:
		return told{"minus", "bad", "Source disconnected"}
	case event.TypeSourceWorkRequested:
		return told{"play", "", "Asked of a source"}
	case event.TypeSubscriberWorkRequested:
		return told{"delivery", "", "Told a subscriber"}
	case event.TypeDeliveryReplayed:
		return told{"replay", "", "Delivery replayed"}
	case event.TypeDeliveryDismissed:
		return told{"x", "", "Delivery dismissed"}
	case event.TypeScoreChanged:
		return told{"score", "", "Score"}
	case event.TypeExemptionRequested:
		return told{"shield", "", "Exemption asked for"}
	case event.TypeExemptionGranted:
		return told{"shield", "good", "Exemption granted"}
	case event.TypeExemptionDenied:
		return told{"shield", "bad", "Exemption denied"}
	case event.TypeExemptionRevoked:
		return told{"shield", "bad", "Exemption revoked"}
	case event.TypeExemptionExpired:
		return told{"shield", "", "Exemption expired"}
	case event.TypeInitiativeOpened:
		return told{"flag", "good", "Initiative opened"}
	case event.TypeInitiativeChanged:
		return told{"flag", "", "Initiative changed"}
	case event.TypeInitiativeAsked:
		return told{"flag", "", "Initiative asks"}
	case event.TypeInitiativeClosed:
		return told{"flag", "", "Initiative closed"}
	case event.TypeDocsPublished:
		return told{"docs", "", "Documentation"}
	case event.TypeDocsFailed:
		return told{"docs", "bad", "Documentation cannot be shown"}
	case event.TypeDocsRemoved:
		return told{"docs", "", "Documentation removed"}
	case event.TypeSourceNoticed:
		return told{"source", "", "Source"}
	case event.TypeSourceGapFound:
		return told{"alert", "bad", "Something was missed"}
	case event.TypeSourceGapClosed:
		return told{"check-circle", "good", "A gap was closed"}
	}
	return told{"event", "", typeName(t)}
}

// typeName is a type without its version.
func typeName(t event.Type) string {
	if i := strings.LastIndex(string(t), ".v"); i > 0 {
		return string(t[:i])
	}
	return string(t)
}

const (
	shownChanges = 8   // of an event in a timeline
	shownText    = 240 // characters of a value in a timeline
	wholeText    = 4000
)

// happening tells an event in a timeline.
func happening(e history.Entry, now time.Time) ui.Happening {
	tale := tellType(e.Type)
	h := ui.Happening{
		Event: mark(e.Position), Look: tale.look, Title: tale.title, Text: e.Summary,
		When: ui.Near(e.Time, now), Who: actor(e.Actor), Commit: commit(e.Cause),
		Changes: fields(e.Changes, shownText), MoreHref: eventLink(e.Position),
	}
	if len(h.Changes) > shownChanges {
		h.More = len(h.Changes) - shownChanges
		h.Changes = h.Changes[:shownChanges]
	}
	if (e.Type == event.TypeEntityRejected || e.Type == event.TypeEntityConflicted) && h.Text != "" {
		h.Title, h.Text, h.Changes = h.Title+".", ui.Sentence(h.Text), nil // the text says it all
	}
	return h
}

func happenings(entries []history.Entry, now time.Time) []ui.Happening {
	all := make([]ui.Happening, len(entries))
	for i, e := range entries {
		all[i] = happening(e, now)
	}
	return all
}

// agreed are events about an exemption or initiative: what they name has its title.
func agreed(c Catalog, entries []history.Entry, now time.Time) []ui.Happening {
	all := happenings(entries, now)
	for i := range all {
		words := strings.Split(all[i].Text, " ")
		for n, word := range words {
			ref := strings.TrimRight(word, ":,")
			if e, ok := c.Get(ref); ok {
				words[n] = e.Entity.Title() + word[len(ref):]
			}
		}
		all[i].Text = strings.Join(words, " ")
	}
	return all
}

// fields writes changes for people, each value in at most limit characters.
func fields(changes []catalog.Change, limit int) []ui.Change {
	all := make([]ui.Change, len(changes))
	for i, c := range changes {
		all[i] = ui.Change{
			Path:      c.Path,
			Before:    written(c.Before, limit),
			After:     written(c.After, limit),
			HasBefore: c.Op != catalog.Added,
			HasAfter:  c.Op != catalog.Removed,
			Wrong:     c.Path == "status", // what a refused descriptor has for one
		}
	}
	return all
}

// written is a JSON value as people read it: a string bare, a link by its title
// and address, anything else as JSON.
func written(v any, limit int) string {
	switch v := v.(type) {
	case string:
		return ui.Shorten(visible(v), limit)
	case map[string]any:
		address, isLink := v["url"].(string)
		if title, ok := v["title"].(string); ok && isLink {
			return ui.Shorten(visible(title+" · "+address), limit)
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return ui.Shorten(visible(string(b)), limit)
}

// visible writes what only controls how other characters look, such as the mark that
// has text run from right to left, so that it is seen: what a value is must not be
// another thing than what it looks like.
func visible(text string) string {
	hides := func(r rune) bool {
		return r != '\n' && r != '\t' && (unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r))
	}
	if !strings.ContainsFunc(text, hides) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hides(r) {
			fmt.Fprintf(&b, "\\u%04X", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// total writes how many events match, as far as they are counted.
func total(p history.Page) string {
	if p.More {
		return ui.Number(p.Total) + "+"
	}
	return ui.Number(p.Total)
}

func totalEvents(p history.Page) string {
	if p.More {
		return total(p) + " events"
	}
	return ui.Plural(p.Total, "event")
}
