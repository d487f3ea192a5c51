package main

import (
	"context"
	"slices"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web"
)

// pageChanging is the pages' door to changing sources that were connected.
type pageChanging struct{ portal *portal }

var _ web.Changing = pageChanging{}

// Settings implements [web.Changing].
func (c pageChanging) Settings(source string) (web.Settings, error) {
	s, err := c.portal.connected(source)
	return web.Settings{
		Owners: slices.Concat(s.Organizations, s.Groups), Repositories: s.Repositories, Branch: s.Branch, App: s.App != (config.App{}),
		MakesHook: makable(s) == nil, Signs: s.SigningToken != "", Previous: s.PreviousSecret != "" || s.PreviousSigningToken != "",
	}, err
}

// Change implements [web.Changing].
func (c pageChanging) Change(ctx context.Context, source string, n web.Change) error {
	was, err := c.portal.connected(source)
	if err != nil {
		return err
	}
	if n.Forget {
		return c.portal.amend(ctx, source, api.SourceChange{ForgetPrevious: true})
	}
	change := api.SourceChange{Token: n.Token}
	switch was.Type {
	case config.GitHub:
		change.Organizations, change.Repositories = n.Owners, n.Repositories
	case config.GitLab:
		change.Groups = n.Owners
	case config.Git:
		change.Branch = &n.Branch
	}
	if err := c.portal.amend(ctx, source, change); err != nil {
		return pageMisfit(err)
	}
	if missing(n.Owners, slices.Concat(was.Organizations, was.Groups)) == "" || !c.portal.hooks.makes(source) {
		return nil
	}
	// One that came has no webhook yet.
	if _, err := c.portal.hooks.begin(ctx, source, ""); err != nil && fault.KindOf(err) != fault.Conflict {
		return err
	}
	return nil
}

// Rotate implements [web.Changing].
func (c pageChanging) Rotate(ctx context.Context, source string, atForge bool) (secret string, err error) {
	if w, _ := c.portal.hooks.state(source); w.Running {
		return "", fault.New(fault.Conflict, "the webhook of source %s is being made: have another secret made once it is", source)
	}
	if err := c.portal.amend(ctx, source, api.SourceChange{RotateSecret: true}); err != nil {
		return "", err
	}
	if atForge {
		_, err := c.portal.hooks.begin(ctx, source, "")
		return "", err
	}
	s, err := c.portal.connected(source)
	return s.WebhookSecret.Reveal(), err
}

// Disconnect implements [web.Changing].
func (c pageChanging) Disconnect(ctx context.Context, source string) (webhook string, err error) {
	return c.portal.leave(ctx, source)
}
