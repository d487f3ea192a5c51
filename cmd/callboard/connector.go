package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// connector is the API's door to connecting, changing and disconnecting.
type connector struct{ portal *portal }

var _ api.Connect = connector{}

// Connect implements [api.Connect].
func (c connector) Connect(ctx context.Context, s api.SourceSettings) error {
	source, err := configured(s)
	if err != nil {
		return err
	}
	return c.portal.connect(ctx, source)
}

// configured is what settings are in the configuration.
func configured(s api.SourceSettings) (config.Source, error) {
	c := config.Source{
		Name: s.Name, Type: s.Type, URL: s.URL, Branch: s.Branch, Token: config.Secret(s.Token),
		WebhookSecret: config.Secret(s.WebhookSecret), SigningToken: config.Secret(s.SigningToken),
		Organizations: s.Organizations, Groups: s.Groups, Repositories: s.Repositories, Descriptors: s.Descriptors, Reconcile: s.Reconcile,
	}
	if s.People != nil {
		c.People = config.Choice(strconv.FormatBool(*s.People))
	}
	if s.Poll != "" {
		if err := c.Poll.UnmarshalText([]byte(s.Poll)); err != nil {
			return c, fault.New(fault.Invalid, "poll: %w", err)
		}
	}
	return c, nil
}

// Change implements [api.Connect].
func (c connector) Change(ctx context.Context, name string, change api.SourceChange) error {
	if change.RotateSecret { // which only the forge is told
		if s, err := c.portal.connected(name); err != nil {
			return err
		} else if err := makable(s); err != nil {
			return fault.New(fault.Conflict, "%w. Give a webhookSecret of your own, and enter it there", err)
		}
	}
	err := c.portal.amend(ctx, name, change)
	if m, ok := misfitOf(err); ok && fault.KindOf(err) != fault.Unavailable && fault.KindOf(err) != fault.Conflict { // it is not who asks that is denied
		err = fault.New(fault.Invalid, "%s: %w", m.Setting, err)
	}
	return err
}

// MakeWebhook implements [api.Connect].
func (c connector) MakeWebhook(ctx context.Context, name, payload string) error {
	_, err := c.portal.hooks.begin(ctx, name, payload)
	return err
}

// makeHook has the webhook of a source made, or gone on with.
func (p *portal) makeHook(ctx context.Context, name string) error {
	_, err := p.hooks.begin(ctx, name, "")
	return err
}

// Disconnect implements [api.Connect].
func (c connector) Disconnect(ctx context.Context, name string) (webhook string, err error) {
	return c.portal.leave(ctx, name)
}

// leave takes a connected source away, then has its webhooks deleted at the forge, and
// says what became of those: what they send from then on is refused either way.
func (p *portal) leave(ctx context.Context, name string) (webhook string, err error) {
	was, err := p.connected(name)
	if err != nil {
		return "", err
	}
	// Whoever hangs up from here on leaves nothing half done.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()
	payload := p.hooks.payload(was)
	if err := p.disconnect(ctx, name); err != nil {
		return "", err
	}
	return p.unhook(ctx, was, payload), nil
}

// unhook deletes the webhooks of a source that is none any more, and says what became of
// them.
func (p *portal) unhook(ctx context.Context, was config.Source, payload string) string {
	switch {
	case was.App != (config.App{}):
		return "The App, and the webhook that it has, stay at the forge: delete it there, in the settings of the organisation."
	case was.Type == config.Git:
		return "Nothing had to be deleted where the repository is."
	case was.Type != config.GitHub && was.Type != config.GitLab, len(was.Organizations)+len(was.Groups) == 0, was.Token == "":
		return "If something sends to " + payload + ", delete that there."
	}
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	at, err := newAtForge(was, func(int) {})
	deleted := 0
	if err == nil {
		deleted, err = at.unhook(ctx, payload)
	}
	if ctx.Err() != nil {
		err = fault.New(fault.Unavailable, "it takes too long")
	}
	switch {
	case err != nil:
		p.logger.WarnContext(ctx, "the webhook of a source that was disconnected could not be deleted", "source", was.Name, "deleted", deleted, "error", err)
		return fmt.Sprintf("The webhooks could not be deleted at the forge, but for %d: %s. Delete what sends to %s there.", deleted, errorForPeople(err), payload)
	case deleted == 0:
		return "There was no webhook at the forge that sends to " + payload + "."
	case deleted == 1:
		return "The webhook is deleted at the forge."
	}
	return fmt.Sprintf("The %d webhooks are deleted at the forge.", deleted)
}
