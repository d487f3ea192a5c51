package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/internal/fault"
)

func factCommand(p process) *cobra.Command {
	c := &cobra.Command{
		Use:   "fact",
		Short: "Tell a running portal what a pipeline found out, or ask what is known",
		Long: `Tell a running portal what a pipeline found out of an entity or a repository, or ask
what it knows. Scorecards read it: a fact coverage is facts.coverage in a rule.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(factSetCommand(p), factListCommand(p))
	return c
}

// factTarget is what facts are about.
type factTarget struct{ source string }

func (t *factTarget) add(c *cobra.Command) {
	c.Flags().StringVar(&t.source, "source", "", "source of the repository, where the first argument is the full name of one")
}

// of is what the first argument names.
func (t *factTarget) of(name string) api.FactReport {
	if t.source != "" {
		return api.FactReport{Source: t.source, Repository: name}
	}
	return api.FactReport{Entity: name}
}

func factSetCommand(p process) *cobra.Command {
	var (
		f           portalFlags
		t           factTarget
		at, ttl, id string
	)
	c := &cobra.Command{
		Use:   "set ENTITY NAME=VALUE ...",
		Short: "Tell facts of an entity, or of a repository",
		Long: `Tell facts of an entity, or with --source of a repository. A value is JSON, and what is
no JSON is a text; null takes a fact back. All of them are told, or none. A fact counts
for thirty days unless --ttl says how long. The same --id tells the same: sent twice, it
is on record once.`,
		Example: `  callboard fact set component:payments coverage=83.1 goVersion=1.26.0
  callboard fact set payments 'scan={"passed": true}' --ttl 7d --id "$CI_JOB_ID"
  callboard fact set acme/payments sbom=true --source github`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := api.Reports{}
			for _, pair := range args[1:] {
				name, text, ok := strings.Cut(pair, "=")
				if !ok {
					return usageError{fault.New(fault.Invalid, "%q is not of the form NAME=VALUE", pair), cmd.CommandPath()}
				}
				one := t.of(args[0])
				one.Name, one.Value, one.TTL, one.ID = name, valueOf(text), ttl, id
				if at != "" {
					var err error
					if one.Time, err = time.Parse(time.RFC3339, at); err != nil {
						return usageError{fault.New(fault.Invalid, "--time must be a moment such as 2026-03-12T09:00:00Z, found %q", at), cmd.CommandPath()}
					}
				}
				in.Facts = append(in.Facts, one)
			}
			portal, err := f.client(cmd.CommandPath(), p)
			if err != nil {
				return err
			}
			in.By = cmp.Or(portal.by, "ci")
			var out struct {
				Items []struct {
					Position  uint64
					Duplicate bool
				}
			}
			if err := portal.ask(cmd.Context(), http.MethodPost, "/api/facts", in, &out); err != nil {
				return err
			}
			for i, item := range out.Items {
				says := "is on record"
				if item.Duplicate {
					says = "was on record already"
				}
				fmt.Fprintf(p.Stdout, "✓ %s %s, at position %d\n", in.Facts[i].Name, says, item.Position)
			}
			return nil
		},
	}
	f.add(c)
	t.add(c)
	c.Flags().StringVar(&at, "time", "", "when it became true (default now)")
	c.Flags().StringVar(&ttl, "ttl", "", "for how long it counts, such as 36h or 7d (default 30d)")
	c.Flags().StringVar(&id, "id", "", "what makes it the same when it is told again, such as that of a job")
	return c
}

// valueOf is a text as JSON: what it says if it is some, else a string.
func valueOf(text string) json.RawMessage {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	b, err := json.Marshal(text)
	if err != nil { // a string always can be
		return json.RawMessage("null")
	}
	return b
}

func factListCommand(p process) *cobra.Command {
	var (
		f portalFlags
		t factTarget
	)
	c := &cobra.Command{
		Use:     "list ENTITY",
		Short:   "List the facts of an entity, or of a repository",
		Long:    `List the facts of an entity, or with --source of a repository, with who told them and when.`,
		Example: "  callboard fact list component:payments\n  callboard fact list acme/payments --source github",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			portal := f.reader(cmd.CommandPath(), p)
			of := t.of(args[0])
			query := url.Values{}
			for name, value := range map[string]string{"entity": of.Entity, "source": of.Source, "repository": of.Repository} {
				if value != "" {
					query.Set(name, value)
				}
			}
			var out struct {
				Items []struct {
					Fact  string
					Value json.RawMessage
					Time  time.Time
					By    string
				}
			}
			if err := portal.ask(cmd.Context(), http.MethodGet, "/api/facts?"+query.Encode(), nil, &out); err != nil {
				return err
			}
			table := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "FACT\tSINCE\tBY\tVALUE")
			for _, i := range out.Items {
				value := string(i.Value)
				if len(value) > 80 {
					value = strings.ToValidUTF8(value[:80], "") + "…"
				}
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", i.Fact, i.Time.UTC().Format(time.RFC3339), i.By, value)
			}
			return table.Flush()
		},
	}
	f.add(c)
	t.add(c)
	return c
}
