package main

import (
	"context"
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
		Short: "Connect a GitHub organisation, a GitLab group or a Git repository to a running portal",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(connectForgeCommand(p, config.GitHub), connectForgeCommand(p, config.GitLab), connectGitCommand(p))
	return c
}

// hookPatience is how long it may take to make webhooks, one for each project of a
// large group.
const hookPatience = time.Hour

// connectFlags are the flags of `callboard connect github` and `gitlab`.
type connectFlags struct {
	portalFlags
	of                        []string
	url, token, name, payload string
	wait                      time.Duration
	rotate, forget            bool
}

func connectForgeCommand(p process, forge string) *cobra.Command {
	f := connectFlags{}
	of, variable, example := "org", "GITHUB_TOKEN", "acme"
	title, article, scope, base := "organisation", "an", "admin:org_hook and repo (classic), or Contents: read and Webhooks: read and write (fine-grained)", "https://api.github.com"
	if forge == config.GitLab {
		of, variable, example = "group", "GITLAB_TOKEN", "acme/platform"
		title, article, scope, base = "group", "a", "scope api, of an owner of the group", "https://gitlab.com"
	}
	c := &cobra.Command{
		Use:   forge,
		Short: fmt.Sprintf("Connect %s %s", map[string]string{config.GitHub: "a GitHub", config.GitLab: "a GitLab"}[forge], title),
		Long: fmt.Sprintf(`Connect %[4]s %[1]s to a running portal: check the token, tell the portal of
the source, have it make the webhook at the forge, wait until that is heard, and
follow the discovery of the repositories.

It is safe to repeat: the source keeps its webhook secret, and the webhook that is
there is given the same again. So it is how a source is given another token, one more
%[1]s or, with --new-secret, another secret: the one before is taken, too, until
--forget-old-secret. What it does not read any more is chosen on its page.

The token comes from $%[2]s or --token; it needs %[3]s.
The portal keeps it in sources.yaml of its data folder.`, title, variable, scope, article),
		Example: fmt.Sprintf(`  %s=… callboard connect %s --%s %s
  callboard connect %s --%s %s --portal https://portal.example.com --portal-token …`, variable, forge, of, example, forge, of, example),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(f.of) == 0 {
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
	flags.StringSliceVar(&f.of, of, nil, "the "+title+"; several with commas between")
	flags.StringVar(&f.url, "url", base, "address of the forge")
	flags.StringVar(&f.token, "token", "", "token for the forge (default $"+variable+")")
	flags.StringVar(&f.name, "name", forge, "name of the source")
	flags.StringVar(&f.payload, "payload-url", "", "where the forge reaches the portal, or the webhook itself, if not at the server.url of its configuration")
	flags.BoolVar(&f.rotate, "new-secret", false, "give the webhook another secret; the one before stays valid beside it")
	flags.BoolVar(&f.forget, "forget-old-secret", false, "the secret before the present one is valid no more")
	flags.DurationVar(&f.wait, "wait", time.Minute, "how long to wait for the webhook, and again for the discovery")
	f.portalFlags.add(c)
	return c
}

// portalFlags say which portal a command works with.
type portalFlags struct{ portal, portalToken, data, by string }

func (f *portalFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.portal, "portal", "http://127.0.0.1:8080", "address of the running portal")
	c.Flags().StringVar(&f.portalToken, "portal-token", "", "token for the portal (default $CALLBOARD_TOKEN, else that of the data folder)")
	c.Flags().StringVar(&f.data, "data", "./data", "data folder of the portal, if it runs on this machine")
	c.Flags().StringVar(&f.by, "by", "", "who you are, for the record (default $CALLBOARD_BY)")
}

func (f *portalFlags) client(command string, p process) (*portalClient, error) {
	token, err := portalToken(f.portalToken, f.data, command, p)
	client := newPortalClient(f.portal, token)
	client.by = firstOf(f.by, p, "CALLBOARD_BY")
	return client, err
}

// reader is for what a portal tells everybody: it goes without a token where there is none.
func (f *portalFlags) reader(command string, p process) *portalClient {
	client, _ := f.client(command, p)
	return client
}

func (f *connectFlags) run(ctx context.Context, p process, forge string, portal *portalClient) error {
	s := api.SourceSettings{Name: f.name, Type: forge, URL: f.url, Token: f.token}
	if forge == config.GitHub {
		s.Organizations = f.of
	} else {
		s.Groups = f.of
	}
	if err := checkAtForge(ctx, s); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "✓ the token sees %s\n", strings.Join(f.of, ", "))
	var connected api.Source
	if err := portal.ask(ctx, http.MethodPost, "/api/sources", s, &connected); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "✓ the portal has source %s\n", f.name)
	if f.rotate || f.forget {
		change := map[string]bool{"rotateSecret": f.rotate, "forgetPreviousSecret": f.forget}
		if err := portal.ask(ctx, http.MethodPatch, "/api/sources/"+url.PathEscape(f.name), change, nil); err != nil {
			return err
		}
	}
	payload := connected.URL
	if f.payload != "" {
		payload = hookAt(f.payload, f.name)
	}
	before, err := newestDelivery(ctx, portal, f.name)
	if err != nil {
		return err
	}
	if err := f.hook(ctx, p, portal, payload); err != nil {
		return fmt.Errorf("%w\nUntil then the portal compares the repositories once an hour. Run this again, with another token if it is that", err)
	}
	if err := f.hear(ctx, p, portal, before, payload); err != nil {
		return err
	}
	return f.follow(ctx, p, portal)
}

// hookAt is the address of a source's webhook at a portal; that of the portal does.
func hookAt(address, source string) string {
	path := "/hooks/" + url.PathEscape(source)
	return strings.TrimSuffix(strings.TrimRight(address, "/"), path) + path
}

// checkAtForge asks the forge whether a source could be read with its settings.
func checkAtForge(ctx context.Context, s api.SourceSettings) error {
	conf, err := configured(s)
	if err != nil {
		return err
	}
	at, err := newAtForge(withSecret(conf), func(int) {})
	if err != nil {
		return err
	}
	return at.check(ctx)
}

// hook has the portal make the webhook, and waits until it has: a group that can have
// none takes one for each project, which is worked on as long as it takes.
func (f *connectFlags) hook(ctx context.Context, p process, portal *portalClient, payload string) error {
	at := "/api/sources/" + url.PathEscape(f.name)
	if err := portal.ask(ctx, http.MethodPost, at+"/webhook", map[string]string{"url": payload}, nil); err != nil {
		return err
	}
	var s struct {
		Webhook api.Webhook `json:"webhook"`
	}
	ended, err := until(ctx, hookPatience, func(ctx context.Context) (bool, error) {
		s.Webhook = api.Webhook{}
		err := portal.ask(ctx, http.MethodGet, at, nil, &s)
		if s.Webhook.Done > 0 {
			fmt.Fprintf(p.Stderr, "\r%d webhooks", s.Webhook.Done)
		}
		return err == nil && !s.Webhook.Running, err
	})
	switch {
	case err != nil:
		return err
	case !ended:
		return fault.New(fault.Unavailable, "the portal still makes webhooks: %s/sources/%s/connect shows how far it is", portal.base, f.name)
	case s.Webhook.Error != "":
		return fault.New(fault.Unavailable, "%s", s.Webhook.Error)
	}
	fmt.Fprintf(p.Stdout, "✓ %s\n", s.Webhook.Made)
	return nil
}

type deliveryList struct {
	Items []struct {
		ID      string `json:"id"`
		Event   string `json:"event"`
		Fetched bool   `json:"fetched"`
	} `json:"items"`
}

// newestDelivery is the id of the newest delivery of a source that came by itself; "" if
// there is none.
func newestDelivery(ctx context.Context, portal *portalClient, source string) (string, error) {
	var list deliveryList
	if err := portal.ask(ctx, http.MethodGet, "/api/deliveries?limit=50&source="+url.QueryEscape(source), nil, &list); err != nil {
		return "", err
	}
	for _, d := range list.Items {
		if d.Event != deliveries.Look && !d.Fetched {
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

// discovery is how far the repositories of a source have been read.
type discovery struct {
	Survey struct {
		Found    int       `json:"found"`
		Compared time.Time `json:"compared"`
	} `json:"survey"`
	Pending int `json:"pending"`
}

// done reports whether all that the source has was compared and read.
func (d discovery) done() bool { return !d.Survey.Compared.IsZero() && d.Pending == 0 }

func discovered(ctx context.Context, portal *portalClient, source string) (d discovery, err error) {
	err = portal.ask(ctx, http.MethodGet, "/api/sources/"+url.PathEscape(source), nil, &d)
	return d, err
}

// follow tells how the discovery goes on.
func (f *connectFlags) follow(ctx context.Context, p process, portal *portalClient) error {
	bar := progress{to: p.Stderr, label: "Reading repositories"}
	var d discovery
	ended, err := until(ctx, max(f.wait, time.Second), func(ctx context.Context) (done bool, err error) {
		if d, err = discovered(ctx, portal, f.name); err != nil {
			return false, err
		}
		bar.show(max(d.Survey.Found-d.Pending, 0), d.Survey.Found)
		return d.done(), nil
	})
	bar.done()
	if err != nil {
		return err
	}
	if !ended {
		fmt.Fprintf(p.Stdout, "The discovery goes on: %s/sources/%s shows how far it is.\n", portal.base, f.name)
		return nil
	}
	fmt.Fprintf(p.Stdout, "✓ %d repositories were read. Look at %s/catalog?source=%s\n", d.Survey.Found, portal.base, url.QueryEscape(f.name))
	return nil
}
