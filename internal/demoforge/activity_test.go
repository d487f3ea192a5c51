package demoforge_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

func TestGitHubActivities(t *testing.T) {
	f := start(t, demoforge.Options{GitHub: demoforge.Service{Secret: "s3cret"}})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	head := push(t, r, "main", write(1, "one")).After
	side := push(t, r, "side", write(2, "two")).After
	for _, test := range []struct {
		give demoforge.Activity
		want string
	}{
		{demoforge.Activity{Event: "pull_request", Action: "opened", Number: 7, Branch: "side", Title: "Two"}, "opened 7 Two open side main " + side},
		{demoforge.Activity{Event: "pull_request", Action: "merged", Number: 7, Branch: "side", Title: "Two"}, "closed 7 Two closed merged side main " + side},
		{demoforge.Activity{Event: "pull_request", Action: "closed", Number: 8}, "closed 8 pull_request 8 closed main main " + head},
		{demoforge.Activity{Event: "release", Action: "published", Tag: "v1.2"}, "published v1.2"},
		{demoforge.Activity{Event: "deployment", Action: "created"}, "production " + head},
		{demoforge.Activity{Event: "deployment_status", Action: "created", Environment: "stage", State: "failure"}, "stage failure"},
		{demoforge.Activity{Event: "workflow_run", Action: "completed", State: "failure", Branch: "side"}, "completed completed failure side CI"},
		{demoforge.Activity{Event: "workflow_run", Action: "requested"}, "requested queued  main CI"},
		{demoforge.Activity{Event: "check_suite", Action: "completed"}, "completed success"},
		{demoforge.Activity{Event: "branch_protection_rule", Action: "created"}, "created main"},
		{demoforge.Activity{Event: "code_scanning_alert", Action: "fixed", Number: 3}, "fixed 3 fixed high"},
		{demoforge.Activity{Event: "dependabot_alert", Action: "created", Severity: "low"}, "created 1 open low"},
		{demoforge.Activity{Event: "meta", Action: "deleted"}, "deleted true"},
		{demoforge.Activity{Event: "secret_scanning_alert", Action: "resolved"}, "resolved 1 resolved"},
	} {
		t.Run(test.give.Event+" "+test.give.Action, func(t *testing.T) {
			test.give.By = pebble
			d := must(t)(r.Emit(test.give))
			signed := request(t, d)
			body, err := github.ValidatePayload(signed, []byte("s3cret"))
			if err != nil {
				t.Fatal(err)
			}
			event, err := github.ParseWebHook(github.WebHookType(signed), body)
			if err != nil {
				t.Fatal(err)
			}
			about := event.(interface {
				GetRepo() *github.Repository
				GetSender() *github.User
			})
			if about.GetRepo().GetID() != r.ID() || about.GetSender().GetLogin() != "pebbledash" {
				t.Errorf("of %s by %s", about.GetRepo().GetFullName(), about.GetSender().GetLogin())
			}
			got := ""
			switch e := event.(type) {
			case *github.PullRequestEvent:
				pr := e.GetPullRequest()
				merged := ""
				if pr.GetMerged() && pr.GetMergedAt().Equal(pr.GetClosedAt()) {
					merged = " merged"
				}
				got = fmt.Sprint(e.GetAction(), " ", e.GetNumber(), " ", pr.GetTitle(), " ", pr.GetState(), merged, " ", pr.GetHead().GetRef(), " ", pr.GetBase().GetRef(), " ", pr.GetHead().GetSHA())
			case *github.ReleaseEvent:
				got = e.GetAction() + " " + e.GetRelease().GetTagName()
			case *github.DeploymentEvent:
				got = e.GetDeployment().GetEnvironment() + " " + e.GetDeployment().GetSHA()
			case *github.DeploymentStatusEvent:
				got = e.GetDeployment().GetEnvironment() + " " + e.GetDeploymentStatus().GetState()
			case *github.WorkflowRunEvent:
				run := e.GetWorkflowRun()
				got = e.GetAction() + " " + run.GetStatus() + " " + run.GetConclusion() + " " + run.GetHeadBranch() + " " + e.GetWorkflow().GetName()
			case *github.CheckSuiteEvent:
				got = e.GetAction() + " " + e.GetCheckSuite().GetConclusion()
			case *github.BranchProtectionRuleEvent:
				got = e.GetAction() + " " + e.GetRule().GetName()
			case *github.CodeScanningAlertEvent:
				a := e.GetAlert()
				got = fmt.Sprint(e.GetAction(), " ", a.GetNumber(), " ", a.GetState(), " ", a.GetRule().GetSecuritySeverityLevel())
			case *github.DependabotAlertEvent:
				a := e.GetAlert()
				got = fmt.Sprint(e.GetAction(), " ", a.GetNumber(), " ", a.GetState(), " ", a.GetSecurityAdvisory().GetSeverity())
			case *github.MetaEvent:
				got = fmt.Sprint(e.GetAction(), " ", e.GetHookID() != 0 && e.GetHookID() == e.GetHook().GetID())
			case *github.SecretScanningAlertEvent:
				got = fmt.Sprint(e.GetAction(), " ", e.GetAlert().GetNumber(), " ", e.GetAlert().GetState())
			}
			if got != test.want {
				t.Errorf("told %s, want %s", got, test.want)
			}
		})
	}
}

func TestGitLabActivities(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitLab, "acme/lake")
	head := push(t, r, "main", write(1, "one")).After
	push(t, r, "side", write(2, "two"))
	for _, test := range []struct {
		give demoforge.Activity
		want string
	}{
		{demoforge.Activity{Event: "Merge Request Hook", Action: "open", Number: 7, Branch: "side"}, "open opened 7 side main two"},
		{demoforge.Activity{Event: "Merge Request Hook", Action: "merge", Number: 7, Branch: "side"}, "merge merged 7 side main two"},
		{demoforge.Activity{Event: "Pipeline Hook", Action: "failed"}, "failed main " + head},
		{demoforge.Activity{Event: "Job Hook", Action: "success", Title: "lint"}, "success lint"},
		{demoforge.Activity{Event: "Deployment Hook", Action: "success", Environment: "stage"}, "success stage " + head[:8] + " one"},
		{demoforge.Activity{Event: "Release Hook", Action: "create", Tag: "v1.2"}, "create v1.2"},
		{demoforge.Activity{Event: "Vulnerability Hook", Action: "confirmed", Title: "Injection"}, "confirmed Injection high"},
	} {
		t.Run(test.give.Event+" "+test.give.Action, func(t *testing.T) {
			test.give.By = pebble
			d := must(t)(r.Emit(test.give))
			event, err := gitlab.ParseWebhook(gitlab.HookEventType(request(t, d)), d.Body)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			switch e := event.(type) {
			case *gitlab.MergeEvent:
				o := e.ObjectAttributes
				got = fmt.Sprint(o.Action, " ", o.State, " ", o.IID, " ", o.SourceBranch, " ", o.TargetBranch, " ", o.LastCommit.Title)
			case *gitlab.PipelineEvent:
				got = e.ObjectAttributes.Status + " " + e.ObjectAttributes.Ref + " " + e.ObjectAttributes.SHA
			case *gitlab.JobEvent:
				got = e.BuildStatus + " " + e.BuildName
			case *gitlab.DeploymentEvent:
				got = e.Status + " " + e.Environment + " " + e.ShortSHA + " " + e.CommitTitle
			case *gitlab.ReleaseEvent:
				got = e.Action + " " + e.Tag
			case *gitlab.VulnerabilityEvent:
				got = e.ObjectAttributes.State + " " + e.ObjectAttributes.Title + " " + e.ObjectAttributes.Severity
			}
			if got != test.want {
				t.Errorf("told %s, want %s", got, test.want)
			}
		})
	}
}

func TestActivitiesOfOnesOwn(t *testing.T) {
	f := start(t, demoforge.Options{})
	r := create(t, f, demoforge.GitHub, "acme/ledger")
	for _, a := range []demoforge.Activity{{Event: "unheard_of"}, {Event: "pull_request", Action: "pondered"}} {
		if _, err := r.Emit(a); err == nil {
			t.Errorf("%s %s went through", a.Event, a.Action)
		}
	}
	d := must(t)(r.Emit(demoforge.Activity{Event: "unheard_of", Action: "done", Extra: map[string]any{
		"thing": map[string]any{"id": 5}, "repository": map[string]any{"name": "other"},
	}}))
	var got struct {
		Action     string         `json:"action"`
		Thing      map[string]int `json:"thing"`
		Repository struct {
			ID   int64  `json:"id"`
			Name string `json:"name"`
		} `json:"repository"`
	}
	if err := json.Unmarshal(d.Body, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{"done", 5, r.ID(), "other"}, []any{got.Action, got.Thing["id"], got.Repository.ID, got.Repository.Name}); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	if d.Event != "unheard_of" || d.Header.Get("X-GitHub-Event") != "unheard_of" {
		t.Errorf("event %s", d.Event)
	}
}
