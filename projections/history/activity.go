package history

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections"
)

// words says in a few words what an event says that is told as it was, with
// nothing to compare it with; "" for types that have no words.
func words(data event.Data) string {
	switch d := data.(type) {
	case event.RepositoryBackfilled:
		return backfilled(d)
	case event.ActivityPush:
		return pushed(d)
	case event.ActivityPullRequest:
		return titled(fmt.Sprintf("pull request %d %s", d.Number, standing(d)), d.Title)
	case event.ActivityRelease:
		name := d.Name
		if name == d.Tag {
			name = ""
		}
		return titled(d.Tag+" "+d.Action, name)
	case event.ActivityDeployment:
		return entity(d.Environment+": "+d.Status, d.Entity)
	case event.ActivityPipeline:
		name := d.Name
		if name == "" {
			name = "pipeline " + d.ID
		}
		if d.Branch != "" {
			name += " on " + d.Branch
		}
		return entity(name+": "+d.Status, d.Entity)
	case event.ActivityAlert:
		title := d.Title
		if title == "" {
			title = "alert " + d.ID
		}
		if d.Severity != "" {
			title += ", " + d.Severity
		}
		return fmt.Sprintf("%s: %s: %s", d.Tool, title, d.State)
	case event.LogSealed:
		return fmt.Sprintf("%d events under seal", d.Size)
	case event.SourceConnected:
		return titled("connected", strings.Join(d.Reads, ", "))
	case event.SourceChanged:
		return titled("changed", strings.Join(d.Settings, ", "))
	case event.SourceDisconnected:
		return "disconnected; what came from it stays"
	case event.SourceWorkRequested:
		return requested(d)
	case event.SubscriberWorkRequested:
		return told(d)
	case event.DeliveryReplayed:
		if d.Allowed {
			return titled("allowed to remove as much as it takes", d.Reason)
		}
		return titled("to be handled again", d.Reason)
	case event.DeliveryDismissed:
		return titled("not to be used", d.Reason)
	case event.ScoreChanged:
		return scored(d)
	case event.ExemptionRequested:
		return titled(exempts(d.Exemption), d.Reason)
	case event.ExemptionGranted:
		return titled(exempts(d.Exemption), d.Note)
	case event.ExemptionDenied:
		return titled(exempts(d.Exemption), d.Note)
	case event.ExemptionRevoked:
		return titled(exempts(d.Exemption), d.Note)
	case event.ExemptionExpired:
		return exempts(d.Exemption)
	case event.InitiativeOpened:
		return asks(d.Initiative) + ", due " + projections.Date(d.Target)
	case event.InitiativeChanged:
		return asks(d.Initiative) + ", due " + projections.Date(d.Target)
	case event.InitiativeAsked:
		return titled(fmt.Sprintf("%d of %d done, due %s", d.Done, d.Asked, projections.Date(d.Target)), owing(d.Owners))
	case event.InitiativeClosed:
		switch d.Outcome {
		case event.InitiativeUnasked:
			return "nobody was asked"
		case event.InitiativeUnmeasured:
			return titled("cannot be measured", d.Note)
		}
		return titled(fmt.Sprintf("%s: %d of %d done", d.Outcome, d.Done, d.Asked), d.Note)
	case event.DocsPublished:
		return published(d)
	case event.DocsFailed:
		return fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message)
	case event.DocsRemoved:
		return d.Reason
	case event.SourceNoticed:
		return titled(d.Notice, d.Detail)
	case event.SourceGapFound:
		return d.Detail
	case event.SourceGapClosed:
		if d.Lost {
			return titled("lost", d.Detail)
		}
		return d.Detail
	}
	return ""
}

// owing says how many have something left to do.
func owing(owners []string) string {
	switch len(owners) {
	case 0:
		return ""
	case 1:
		return "one owner has something left to do"
	}
	return fmt.Sprintf("%d owners have something left to do", len(owners))
}

func requested(d event.SourceWorkRequested) string {
	switch d.Work {
	case event.WorkSurvey:
		return "to be looked through for what is new"
	case event.WorkBackfill:
		return "its past is to be read"
	case event.WorkWebhook:
		return "its webhook is to be made at the forge"
	}
	return d.Work + " was asked for"
}

// told is what a subscriber was told.
func told(d event.SubscriberWorkRequested) string {
	of := func(what string) string {
		switch len(d.Positions) {
		case 0:
			return what + " all dead letters"
		case 1:
			return fmt.Sprintf("%s event %d", what, d.Positions[0])
		}
		return fmt.Sprintf("%s %d events", what, len(d.Positions))
	}
	switch d.Work {
	case event.WorkPause:
		return "paused"
	case event.WorkResume:
		return "resumed"
	case event.WorkSkip:
		return of("put aside")
	case event.WorkRewind:
		return of("sent everything again after")
	case event.WorkRedeliver:
		return of("sent again")
	case event.WorkDismiss:
		return of("not to have")
	}
	return d.Work + " was asked for"
}

func titled(what, title string) string {
	if title == "" {
		return what
	}
	return what + ": " + title
}

// entity names the entity that something was done to, where that is known.
func entity(what, ref string) string {
	if ref == "" {
		return what
	}
	return what + " of " + ref
}

func pushed(d event.ActivityPush) string {
	name, isBranch := strings.CutPrefix(d.Ref, "refs/heads/")
	if !isBranch {
		name = "tag " + strings.TrimPrefix(d.Ref, "refs/tags/")
	}
	switch {
	case d.After == "":
		return name + " was deleted"
	case d.Before == "":
		return fmt.Sprintf("%s is new, at %.7s", name, d.After)
	case d.Forced:
		return fmt.Sprintf("%s was rewritten, and is at %.7s", name, d.After)
	case d.Commits == 1:
		return fmt.Sprintf("%s: one commit, to %.7s", name, d.After)
	case d.More:
		return fmt.Sprintf("%s: %d commits or more, to %.7s", name, d.Commits, d.After)
	case d.Commits > 1:
		return fmt.Sprintf("%s: %d commits, to %.7s", name, d.Commits, d.After)
	default:
		return fmt.Sprintf("%s moved to %.7s", name, d.After)
	}
}

// standing says how a pull request stands, or what has been done to it: forges
// have words of their own for that.
func standing(d event.ActivityPullRequest) string {
	if d.State != "open" {
		return d.State
	}
	switch d.Action {
	case "opened", "open":
		return "opened"
	case "reopened", "reopen":
		return "reopened"
	case "synchronize", "edited", "update":
		return "changed"
	case "ready_for_review":
		return "ready for review"
	case "converted_to_draft":
		return "a draft again"
	}
	return d.State
}

// published says what documentation comes to.
func published(d event.DocsPublished) string {
	text := counted(len(d.Pages), "page") + ", " + counted(d.Words, "word")
	if d.Broken > 0 {
		text += ", " + counted(d.Broken, "broken link")
	}
	return titled(d.Site, text)
}

// scored says how an entity stands on a scorecard now, and which rules made it so.
func scored(d event.ScoreChanged) string {
	if d.After == nil {
		return d.Title + ": not judged any more"
	}
	ladder := d.After.Level != "" || d.Before != nil && d.Before.Level != ""
	now := standingOn(*d.After, ladder)
	if d.Before == nil {
		return d.Title + ": " + now
	}
	text := d.Title + ": " + now
	if before := standingOn(*d.Before, ladder); before != now {
		text = d.Title + ": " + before + " → " + now
	}
	var why []string
	for _, r := range d.Rules {
		why = append(why, r.Title+": "+cmp.Or(r.After, "gone"))
	}
	if len(why) > 3 {
		why = append(why[:3], fmt.Sprintf("%d more", len(d.Rules)-3))
	}
	return titled(text, strings.Join(why, ", "))
}

func standingOn(s event.Score, ladder bool) string {
	switch {
	case s.Level != "":
		return s.Level
	case ladder:
		return "no level"
	default:
		return fmt.Sprintf("%v of %v points", s.Points, s.Of)
	}
}
