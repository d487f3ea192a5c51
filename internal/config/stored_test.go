package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

func TestStoredSources(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sources.yaml")
	if got, err := config.ReadSources(path); len(got) > 0 || err != nil {
		t.Fatalf("no file holds %v, %v", got, err)
	}
	want := []config.Source{
		{
			Name: "github", Type: "github", URL: "https://git.acme.example/api/v3", Token: "a: \"secret\" #1", WebhookSecret: "s", WebhookURL: "https://tunnel.acme.example/hooks/github", PreviousSecret: "old",
			Organizations: []string{"acme"}, Repositories: []string{"acme/payments"}, Descriptors: []string{"**/x.yaml"}, Reconcile: "@every 2h", Archived: true, SkipForks: true,
		},
		{Name: "app", Type: "github", WebhookSecret: "s", App: config.App{ID: "1", Installation: "2", PrivateKeyFile: filepath.Join(filepath.Dir(path), "app.pem")}},
		{Name: "found", Type: "github", WebhookSecret: "s", Organizations: []string{"acme"}, App: config.App{ID: "1", PrivateKeyFile: "/keys/app.pem"}},
		{Name: "plain", Type: "git", URL: "https://git.acme.example/catalog.git", Branch: "live", Poll: config.Duration(time.Minute)},
		{Name: "gitlab", Type: "gitlab", SigningToken: "whsec_eA==", PreviousSigningToken: "whsec_eQ==", Groups: []string{"acme/payments"}, Token: "t", Checks: config.Checks{Status: true, FailOn: "reject"}},
	}
	if err := config.WriteSources(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := config.ReadSources(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info.Mode(), err)
	}
	for name, bad := range map[string]config.Source{
		"no secret":  {Name: "github", Type: "github"},
		"a variable": {Name: "github", Type: "github", WebhookSecret: "${HOME}"},
		"no name":    {Name: "Git Hub", Type: "github", WebhookSecret: "s"},
	} {
		if err := config.WriteSources(path, []config.Source{bad}); fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "HOME") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if again, err := config.ReadSources(path); err != nil || len(again) != len(want) {
		t.Errorf("after refusals the file holds %d sources, %v", len(again), err)
	}
	if err := os.WriteFile(path, []byte("sources: [{name: x}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := config.ReadSources(path); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), path+":1:") {
		t.Errorf("a broken file: %v", err)
	}
}
