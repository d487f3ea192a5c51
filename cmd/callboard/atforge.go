package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/callboard/callboard/ingest"
	gitsource "github.com/callboard/callboard/ingest/git"
	"github.com/callboard/callboard/ingest/github"
	"github.com/callboard/callboard/ingest/gitlab"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// atForge is what is done at a forge, or with a plain repository, to connect a
// source and to take it away: by `callboard connect`, and by the portal for its pages.
type atForge struct {
	// check reports whether the source could be read with its settings; if one of them
	// is wrong, the error is an [ingest.Misfit].
	check func(ctx context.Context) error
	// hook makes the webhook, or changes the one that is there, and says so; ping has
	// the forge send something to it.
	hook func(ctx context.Context, payload string) (says string, ping func(context.Context) error, err error)
	// unhook deletes the webhooks that send to a payload address, and counts them. It is
	// nil where there are none to delete.
	unhook func(ctx context.Context, payload string) (deleted int, err error)
}

// newAtForge is that for a source of organisations, groups or one repository. Progress
// is told how many webhooks there are where a group can have none of its own.
func newAtForge(s config.Source, progress func(done int)) (atForge, error) {
	switch s.Type {
	case config.GitHub:
		return atGitHub(s)
	case config.GitLab:
		return atGitLab(s, progress)
	case config.Git:
		return atRemote(s)
	default:
		return atForge{}, fault.New(fault.Invalid, "a source of type %s is connected in the configuration", s.Type)
	}
}

func atGitHub(s config.Source) (atForge, error) {
	source, err := github.New(github.Options{Name: s.Name, URL: s.URL, Token: s.Token.Reveal(), App: githubApp(s.App), WebhookSecret: s.WebhookSecret.Reveal(), Organizations: s.Organizations})
	return atForge{
		check: func(ctx context.Context) error {
			if s.App == (config.App{}) { // else it was installed where it may read
				if err := each(s.Organizations, func(org string) error { return source.Check(ctx, org) }); err != nil {
					return err
				}
			}
			return each(s.Repositories, func(name string) error { return source.CheckRepository(ctx, name) })
		},
		hook: func(ctx context.Context, payload string) (string, func(context.Context) error, error) {
			var said []string
			made := map[string]github.Hook{}
			err := each(s.Organizations, func(org string) error {
				h, err := source.EnsureHook(ctx, org, payload)
				says := "the webhook of " + org + " is there, and changed"
				if h.New {
					says = "the webhook of " + org + " is made"
				}
				said, made[org] = append(said, says+besides(h.Elsewhere)), h
				return err
			})
			ping := func(ctx context.Context) error {
				return each(s.Organizations, func(org string) error {
					if made[org].New { // the forge has sent one by itself
						return nil
					}
					return source.Ping(ctx, org, made[org])
				})
			}
			return strings.Join(said, "; "), ping, err
		},
		unhook: func(ctx context.Context, payload string) (deleted int, err error) {
			err = each(s.Organizations, func(org string) error {
				n, err := source.DeleteHooks(ctx, org, payload)
				deleted += n
				return err
			})
			return deleted, err
		},
	}, err
}

func atGitLab(s config.Source, progress func(done int)) (atForge, error) {
	source, err := gitlab.New(gitlab.Options{
		Name: s.Name, URL: s.URL, Token: s.Token.Reveal(), WebhookSecret: s.WebhookSecret.Reveal(), SigningToken: s.SigningToken.Reveal(), Groups: s.Groups,
	})
	return atForge{
		check: func(ctx context.Context) error {
			return each(s.Groups, func(group string) error { return source.Check(ctx, group) })
		},
		hook: func(ctx context.Context, payload string) (string, func(context.Context) error, error) {
			var said []string
			for _, group := range s.Groups {
				h, err := source.EnsureHooks(ctx, group, payload, progress)
				if err != nil {
					return "", nil, err
				}
				if !h.Group { // then the projects of all groups have one each by now
					says := fmt.Sprintf("the webhooks of %d projects lead to the portal (%d are new); the group can have none of its own", h.Projects, h.New)
					said = append(said, says+besides(h.Elsewhere))
					break
				}
				said = append(said, "the webhook of "+group+" leads to the portal"+besides(h.Elsewhere))
			}
			ping := func(ctx context.Context) error {
				return each(s.Groups, func(group string) error { return source.Ping(ctx, group, payload) })
			}
			return strings.Join(said, "; "), ping, nil
		},
		unhook: func(ctx context.Context, payload string) (deleted int, err error) {
			err = each(s.Groups, func(group string) error {
				n, err := source.DeleteHooks(ctx, group, payload)
				deleted += n
				return err
			})
			return deleted, err
		},
	}, err
}

// each does something for each of some names, until that fails.
func each(names []string, do func(name string) error) error {
	for _, name := range names {
		if err := do(name); err != nil {
			return err
		}
	}
	return nil
}

// besides tells of the webhooks of another portal's source of the same name.
func besides(elsewhere []string) string {
	if len(elsewhere) == 0 {
		return ""
	}
	return "; what leads to " + strings.Join(elsewhere, " and ") + " stays as it is"
}

// atRemote asks a plain repository for its branches; there is nobody to make a webhook.
func atRemote(s config.Source) (atForge, error) {
	source, err := gitsource.New(gitsource.Options{Name: s.Name, URL: s.URL, Branch: s.Branch, Token: s.Token.Reveal()})
	if err != nil {
		return atForge{}, &ingest.Misfit{Setting: ingest.SettingURL, Err: err}
	}
	return atForge{check: source.Check}, nil
}

// misfitOf is what is wrong with which setting; false if that is not what an error says.
func misfitOf(err error) (*ingest.Misfit, bool) {
	var m *ingest.Misfit
	return m, errors.As(err, &m)
}
