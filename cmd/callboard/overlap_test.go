package main

import (
	"testing"

	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
)

// What two sources would both read is found however it is written.
func TestWhatAnotherSourceReads(t *testing.T) {
	github := func(name, url string, organizations, repositories []string) config.Source {
		return config.Source{Name: name, Type: config.GitHub, URL: url, Organizations: organizations, Repositories: repositories}
	}
	gitlab := func(name string, groups ...string) config.Source {
		return config.Source{Name: name, Type: config.GitLab, Groups: groups}
	}
	git := func(name, url, branch string) config.Source {
		return config.Source{Name: name, Type: config.Git, URL: url, Branch: branch}
	}
	acme := github("github", "", []string{"acme"}, nil)
	for _, tt := range []struct {
		name       string
		has, wants config.Source
		refused    bool
	}{
		{"the same", acme, github("twice", "https://api.github.com", []string{"Acme"}, nil), true},
		{"another organisation", acme, github("labs", "", []string{"acme-labs"}, nil), false},
		{"the same of another forge", acme, github("own", "https://git.example.com/api/v3", []string{"acme"}, nil), false},
		{"an API, and the pages that it is below", github("own", "https://git.example.com/api/v3/", []string{"acme"}, nil), github("twice", "https://git.example.com", []string{"acme"}, nil), true},
		{"a repository of an organisation", acme, github("one", "", nil, []string{"acme/pay"}), true},
		{"another repository", github("one", "", nil, []string{"acme/pay"}), github("two", "", nil, []string{"acme/payments"}), false},
		{"a group below", gitlab("gitlab", "acme"), gitlab("data", "acme/data"), true},
		{"a group above", gitlab("data", "acme/data"), gitlab("gitlab", "acme"), true},
		{"a group beside", gitlab("data", "acme/data"), gitlab("gitlab", "acme/database"), false},
		{"the same name at another forge", acme, gitlab("gitlab", "acme"), false},
		{"its Git, by https", acme, git("pay", "https://github.com/acme/pay.git", ""), true},
		{"its Git, by ssh", acme, git("pay", "git@github.com:acme/pay.git", "main"), true},
		{"an organisation of which one is read by Git", git("pay", "ssh://git@github.com/acme/pay", ""), acme, true},
		{"Git, and its default branch", git("pay", "https://git.example.com/pay", ""), git("twice", "https://git.example.com/pay.git", "main"), true},
		{"Git, another branch", git("pay", "https://git.example.com/pay", "next"), git("twice", "https://git.example.com/pay.git", "main"), false},
		{"Git, a repository whose address goes on", git("pay", "https://git.example.com/pay", ""), git("api", "https://git.example.com/pay/api.git", ""), false},
		{"Git, another repository", git("pay", "https://git.example.com/pay", ""), git("other", "https://git.example.com/payments", ""), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &portal{}
			stored := []config.Source{tt.has}
			if err := p.disjoint(t.Context(), stored, append(stored, tt.wants)); (fault.KindOf(err) == fault.Conflict) != tt.refused {
				t.Errorf("refused: %v, want %v", err, tt.refused)
			}
			// What is there may be given another token, whatever it overlaps with.
			again := tt.has
			again.Token = "another"
			if err := p.disjoint(t.Context(), []config.Source{tt.has, tt.wants}, []config.Source{again, tt.wants}); err != nil {
				t.Errorf("another token is refused: %v", err)
			}
		})
	}
}
