package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
)

func connectCommand(p process) *cobra.Command {
	c := &cobra.Command{
		Use:   "connect",
		Short: "Connect a GitHub organisation or a GitLab group to a running portal",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(connectForgeCommand(p, config.GitHub), connectForgeCommand(p, config.GitLab))
	return c
}

// connectFlags are the flags of `callboard connect github` and `gitlab`.
type connectFlags struct {
	portalFlags
	of, url, token, name, payload string
	wait                          time.Duration
}

func connectForgeCommand(p process, forge string) *cobra.Command {
	f := connectFlags{}
	of, variable, example := "org", "GITHUB_TOKEN", "acme"
	title, scope, base := "organisation", "admin:org_hook and repo (classic), or Contents: read and Webhooks: read and write (fine-grained)", "https://api.github.com"
	if forge == config.GitLab {
		of, variable, example = "group", "GITLAB_TOKEN", "acme/platform"
		title, scope, base = "group", "scope api, of an owner of the group", "https://gitlab.com"
	}
	c := &cobra.Command{
		Use:   forge,
		Short: fmt.Sprintf("Connect a %s %s", map[string]string{config.GitHub: "GitHub", config.GitLab: "GitLab"}[forge], title),
		Long: fmt.Sprintf(`Connect a %[1]s to a running portal: check the token, tell the portal of
the source with a new webhook secret, make the webhook at the forge, wait until it
is heard, and follow the discovery of the repositories.

It is safe to repeat: the source and the webhook that are there are changed, and
deliveries signed with the secret before are still taken.

The token comes from $%[2]s or --token; it needs %[3]s.
The portal keeps it in sources.yaml of its data folder.`, title, variable, scope),
		Example: fmt.Sprintf(`  %s=… callboard connect %s --%s %s
  callboard connect %s --%s %s --to https://portal.example.com --to-token …`, variable, forge, of, example, forge, of, example),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.of == "" {
				return usageError{fault.New(fault.Invalid, "--%s must name the %s, such as %s", of, title, example), cmd.CommandPath()}
			}
			f.token = firstOf(f.token, p, variable)
			if f.token == "" {
				return usageError{fault.New(fault.Invalid, "there is no token: set %s or --token; it needs %s", variable, scope), cmd.CommandPath()}
			}
			own, err := f.portalFlags.client(cmd.CommandPath(), p)
			if err != nil {
				return err
			}
			return f.run(cmd.Context(), p, forge, own)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.of, of, "", "the "+title)
	flags.StringVar(&f.url, "url", base, "address of the forge")
	flags.StringVar(&f.token, "token", "", "token for the forge (default $"+variable+")")
	flags.StringVar(&f.name, "name", forge, "name of the source")
	flags.StringVar(&f.payload, "payload-url", "", "where the forge reaches the portal, if not at the server.url of its configuration")
	flags.DurationVar(&f.wait, "wait", time.Minute, "how long to wait for the webhook, and again for the discovery")
	f.portalFlags.add(c)
	return c
}

// portalFlags say which portal a command works with.
type portalFlags struct{ to, toToken, data string }

func (f *portalFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.to, "to", "http://127.0.0.1:8080", "address of the running portal")
	c.Flags().StringVar(&f.toToken, "to-token", "", "token for the portal (default $CALLBOARD_TOKEN, else that of the data folder)")
	c.Flags().StringVar(&f.data, "data", "./data", "data folder of the portal, if it runs on this machine")
}

func (f *portalFlags) client(command string, p process) (*portalClient, error) {
	token, err := portalToken(f.toToken, f.data, command, p)
	return newPortalClient(f.to, token), err
}

func (f *connectFlags) run(ctx context.Context, p process, forge string, portal *portalClient) error {
	s := api.SourceSettings{Name: f.name, Type: forge, URL: f.url, Token: f.token, WebhookSecret: rand.Text()}
	if forge == config.GitHub {
		s.Organizations = []string{f.of}
	} else {
		s.Groups = []string{f.of}
	}
	conf, err := configured(s)
	if err != nil {
		return err
	}
	at, err := newAtForge(conf, func(done int) { fmt.Fprintf(p.Stderr, "\r%d webhooks", done) })
	if err != nil {
		return err
	}
	if err := at.check(ctx); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "✓ the token sees %s\n", f.of)
	var connected api.Source
	if err := portal.ask(ctx, http.MethodPost, "/api/sources", s, &connected); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "✓ the portal has source %s\n", f.name)
	payload := connected.URL
	if f.payload != "" {
		payload = strings.TrimRight(f.payload, "/") + "/hooks/" + url.PathEscape(f.name)
	}
	before, err := newestDelivery(ctx, portal, f.name)
	if err != nil {
		return err
	}
	says, ping, err := at.hook(ctx, payload)
	if err == nil {
		err = ping(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w\nUntil then the portal compares the repositories once an hour. Make the webhook by hand, or run this again with another token", err)
	}
	fmt.Fprintf(p.Stdout, "✓ %s\n", says)
	if err := f.hear(ctx, p, portal, before, payload); err != nil {
		return err
	}
	return f.follow(ctx, p, portal)
}

type deliveryList struct {
	Items []struct {
		ID    string `json:"id"`
		Event string `json:"event"`
	} `json:"items"`
}

// newestDelivery is the id of the newest delivery of a source; "" if there is none.
func newestDelivery(ctx context.Context, portal *portalClient, source string) (string, error) {
	var list deliveryList
	if err := portal.ask(ctx, http.MethodGet, "/api/deliveries?limit=50&source="+url.QueryEscape(source), nil, &list); err != nil {
		return "", err
	}
	for _, d := range list.Items {
		if d.Event != deliveries.Look {
			return d.ID, nil
		}
	}
	return "", nil
}

// hear waits until a delivery comes that was not there before.
func (f *connectFlags) hear(ctx context.Context, p process, portal *portalClient, before, payload string) error {
	fmt.Fprintln(p.Stderr, "Waiting for the webhook …")
	heard, err := until(ctx, f.wait, func(ctx context.Context) (bool, error) {
		now, err := newestDelivery(ctx, portal, f.name)
		return now != before, err
	})
	if err != nil {
		return err
	}
	if !heard {
		return fault.New(fault.Unavailable, "nothing came from the forge to %s within %s: it has to reach this address (set server.url, or --payload-url), and the forge's page of the webhook shows what it was answered. "+
			"The portal has the source, and compares its repositories once an hour", payload, f.wait)
	}
	fmt.Fprintln(p.Stdout, "✓ the webhook is heard")
	return nil
}

// follow tells how the discovery goes on.
func (f *connectFlags) follow(ctx context.Context, p process, portal *portalClient) error {
	bar := progress{to: p.Stderr, label: "Reading repositories"}
	var s struct {
		Survey struct {
			Found    int       `json:"found"`
			Compared time.Time `json:"compared"`
		} `json:"survey"`
		Pending int `json:"pending"`
	}
	ended, err := until(ctx, max(f.wait, time.Second), func(ctx context.Context) (bool, error) {
		if err := portal.ask(ctx, http.MethodGet, "/api/sources/"+url.PathEscape(f.name), nil, &s); err != nil {
			return false, err
		}
		bar.show(max(s.Survey.Found-s.Pending, 0), s.Survey.Found)
		return !s.Survey.Compared.IsZero() && s.Pending == 0, nil
	})
	bar.done()
	if err != nil {
		return err
	}
	if !ended {
		fmt.Fprintf(p.Stdout, "The discovery goes on: %s/sources/%s shows how far it is.\n", portal.base, f.name)
		return nil
	}
	fmt.Fprintf(p.Stdout, "✓ %d repositories were read. Look at %s/catalog?source=%s\n", s.Survey.Found, portal.base, url.QueryEscape(f.name))
	return nil
}
