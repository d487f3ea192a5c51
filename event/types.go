package event

import (
	"encoding/json"
	"fmt"
	"slices"
)

// The types. See [Types] for what each one holds.
const (
	TypeEntityRegistered Type = "entity.registered.v1"
	TypeEntityChanged    Type = "entity.changed.v1"
	TypeEntityRemoved    Type = "entity.removed.v1"
	TypeEntityRejected   Type = "entity.rejected.v1"
	TypeEntityConflicted Type = "entity.conflicted.v1"

	TypeLocationRegistered Type = "location.registered.v1"
	TypeLocationRemoved    Type = "location.removed.v1"

	TypeRepositoryObserved   Type = "repository.observed.v1"
	TypeRepositoryRenamed    Type = "repository.renamed.v1"
	TypeRepositoryArchived   Type = "repository.archived.v1"
	TypeRepositoryUnarchived Type = "repository.unarchived.v1"
	TypeRepositoryDeleted    Type = "repository.deleted.v1"
	TypeRepositoryLeft       Type = "repository.left.v1"
	TypeRepositoryBackfilled Type = "repository.backfilled.v1"

	TypeActivityPush        Type = "activity.push.v1"
	TypeActivityPullRequest Type = "activity.pullrequest.v1"
	TypeActivityRelease     Type = "activity.release.v1"
	TypeActivityDeployment  Type = "activity.deployment.v1"
	TypeActivityPipeline    Type = "activity.pipeline.v1"
	TypeActivityAlert       Type = "activity.alert.v1"

	TypeFactRecorded Type = "fact.recorded.v1"

	TypeScoreChanged Type = "score.changed.v1"

	TypeExemptionRequested Type = "exemption.requested.v1"
	TypeExemptionGranted   Type = "exemption.granted.v1"
	TypeExemptionDenied    Type = "exemption.denied.v1"
	TypeExemptionRevoked   Type = "exemption.revoked.v1"
	TypeExemptionExpired   Type = "exemption.expired.v1"

	TypeInitiativeOpened  Type = "initiative.opened.v1"
	TypeInitiativeChanged Type = "initiative.changed.v1"
	TypeInitiativeAsked   Type = "initiative.asked.v1"
	TypeInitiativeClosed  Type = "initiative.closed.v1"

	TypeDocsPublished Type = "docs.published.v1"
	TypeDocsFailed    Type = "docs.failed.v1"
	TypeDocsRemoved   Type = "docs.removed.v1"

	TypeSourceConnected     Type = "source.connected.v1"
	TypeSourceChanged       Type = "source.changed.v1"
	TypeSourceDisconnected  Type = "source.disconnected.v1"
	TypeSourceWorkRequested Type = "source.work.requested.v1"
	TypeSourceNoticed       Type = "source.noticed.v1"
	TypeSourceGapFound      Type = "source.gap.found.v1"
	TypeSourceGapClosed     Type = "source.gap.closed.v1"

	TypeSubscriberWorkRequested Type = "subscriber.work.requested.v1"

	TypeRepositoryDue     Type = "repository.due.v1"
	TypeDeliveryReceived  Type = "delivery.received.v1"
	TypeDeliveryHandled   Type = "delivery.handled.v1"
	TypeDeliveryReplayed  Type = "delivery.replayed.v1"
	TypeDeliveryDismissed Type = "delivery.dismissed.v1"

	TypeReactionFailed Type = "reaction.failed.v1"

	TypeLogSealed Type = "log.sealed.v1"
)

// TypeInfo is one row of the table of types.
type TypeInfo struct {
	Type Type
	Doc  string // one sentence for people
	// decode reads the data of an event of this type.
	decode func([]byte) (Data, error)
}

// types is never written to. Adding a type is a constant, a row here, and a
// frozen sample in testdata.
var types = []TypeInfo{
	{TypeEntityRegistered, "An entity is declared that was not there before.", decodeAs[EntityRegistered]},
	{TypeEntityChanged, "An entity's declaration differs from the one before.", decodeAs[EntityChanged]},
	{TypeEntityRemoved, "An entity's declaration is gone.", decodeAs[EntityRemoved]},
	{TypeEntityRejected, "A descriptor cannot be used; what was known stays.", decodeAs[EntityRejected]},
	{TypeEntityConflicted, "A descriptor declares an entity that another place keeps.", decodeAs[EntityConflicted]},
	{TypeLocationRegistered, "Descriptors are read from a place from now on.", decodeAs[LocationRegistered]},
	{TypeLocationRemoved, "Descriptors are not read from a place any more.", decodeAs[LocationRemoved]},
	{TypeRepositoryObserved, "A repository is there, or something about it changed.", decodeAs[RepositoryObserved]},
	{TypeRepositoryRenamed, "A repository was renamed or transferred.", decodeAs[RepositoryRenamed]},
	{TypeRepositoryArchived, "A repository became read-only.", decodeAs[RepositoryArchived]},
	{TypeRepositoryUnarchived, "A repository can be written to again.", decodeAs[RepositoryUnarchived]},
	{TypeRepositoryDeleted, "A repository was deleted.", decodeAs[RepositoryDeleted]},
	{TypeRepositoryLeft, "A repository went to an owner that its source leaves out.", decodeAs[RepositoryLeft]},
	{TypeRepositoryBackfilled, "What happened in a repository before it was first read is on record.", decodeAs[RepositoryBackfilled]},
	{TypeActivityPush, "A branch or tag moved, came or went.", decodeAs[ActivityPush]},
	{TypeActivityPullRequest, "A pull or merge request was opened, changed, merged or closed.", decodeAs[ActivityPullRequest]},
	{TypeActivityRelease, "A release was published, changed or deleted.", decodeAs[ActivityRelease]},
	{TypeActivityDeployment, "A deployment was started or came to an end.", decodeAs[ActivityDeployment]},
	{TypeActivityPipeline, "A pipeline or workflow run started or came to an end.", decodeAs[ActivityPipeline]},
	{TypeActivityAlert, "A security alert was opened, fixed or dismissed.", decodeAs[ActivityAlert]},
	{TypeFactRecorded, "Something is known of a repository or an entity.", decodeAs[FactRecorded]},
	{TypeSourceConnected, "Somebody connected a source.", decodeAs[SourceConnected]},
	{TypeSourceChanged, "Somebody changed the settings of a source.", decodeAs[SourceChanged]},
	{TypeSourceDisconnected, "Somebody took a source away.", decodeAs[SourceDisconnected]},
	{TypeSourceWorkRequested, "Somebody asked for work at a source.", decodeAs[SourceWorkRequested]},
	{TypeSubscriberWorkRequested, "Somebody told a subscriber what to do.", decodeAs[SubscriberWorkRequested]},
	{TypeScoreChanged, "An entity stands otherwise on a scorecard.", decodeAs[ScoreChanged]},
	{TypeExemptionRequested, "Somebody asks that an entity need not keep rules for a while.", decodeAs[ExemptionRequested]},
	{TypeExemptionGranted, "An entity need not keep rules for a while.", decodeAs[ExemptionGranted]},
	{TypeExemptionDenied, "An entity has to keep rules that it was to be exempt from.", decodeAs[ExemptionDenied]},
	{TypeExemptionRevoked, "An exemption was taken back.", decodeAs[ExemptionRevoked]},
	{TypeExemptionExpired, "The time of an exemption is over.", decodeAs[ExemptionExpired]},
	{TypeInitiativeOpened, "Entities are asked to reach something on a scorecard by a day.", decodeAs[InitiativeOpened]},
	{TypeInitiativeChanged, "An open initiative asks for something else, of others or by another day.", decodeAs[InitiativeChanged]},
	{TypeInitiativeAsked, "An initiative begins, or its last day comes near, for those who have something left to do.", decodeAs[InitiativeAsked]},
	{TypeInitiativeClosed, "An initiative was reached, missed or withdrawn.", decodeAs[InitiativeClosed]},
	{TypeDocsPublished, "The documentation of an entity is another one than before.", decodeAs[DocsPublished]},
	{TypeDocsFailed, "The documentation of an entity cannot be shown as it is now; what was published stays.", decodeAs[DocsFailed]},
	{TypeDocsRemoved, "An entity has no documentation any more.", decodeAs[DocsRemoved]},
	{TypeSourceNoticed, "The forge told of the connection itself.", decodeAs[SourceNoticed]},
	{TypeSourceGapFound, "Something of a source was missed.", decodeAs[SourceGapFound]},
	{TypeSourceGapClosed, "What was missed has been made up for.", decodeAs[SourceGapClosed]},
	{TypeRepositoryDue, "A repository is to be looked at.", decodeAs[RepositoryDue]},
	{TypeDeliveryReceived, "A signed delivery arrived at the webhook door.", decodeAs[DeliveryReceived]},
	{TypeDeliveryHandled, "A delivery was handled, or could not be.", decodeAs[DeliveryHandled]},
	{TypeDeliveryReplayed, "Somebody asked to handle a delivery again.", decodeAs[DeliveryReplayed]},
	{TypeDeliveryDismissed, "Somebody will not have a delivery used that waited for a person.", decodeAs[DeliveryDismissed]},
	{TypeReactionFailed, "A reactor gave up on an event.", decodeAs[ReactionFailed]},
	{TypeLogSealed, "All events up to one are under seal.", decodeAs[LogSealed]},
}

// Types returns every type that this version writes or reads.
func Types() []TypeInfo { return slices.Clone(types) }

// Decode reads the event's data as its type says. A type that this version does
// not know gives [Unknown] and no error: a newer version may have written it.
func (e Event) Decode() (Data, error) {
	for _, t := range types {
		if t.Type == e.Type {
			return t.decode(e.Data)
		}
	}
	return Unknown{Type: e.Type}, nil
}

// Unknown stands for the data of an event whose type this version does not know.
type Unknown struct{ Type Type }

// EventType returns the type that is not known.
func (u Unknown) EventType() Type { return u.Type }

// DecodeAs reads the data of an event whose type the caller has checked.
func DecodeAs[D Data](e Event) (D, error) {
	var d D
	if e.Type != d.EventType() {
		return d, fmt.Errorf("decode event %s: it is a %s, not a %s", e.ID, e.Type, d.EventType())
	}
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return d, fmt.Errorf("decode event %s (%s): %w", e.ID, e.Type, err)
	}
	return d, nil
}

func decodeAs[D Data](b []byte) (Data, error) {
	var d D
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("decode %s: %w", d.EventType(), err)
	}
	return d, nil
}
