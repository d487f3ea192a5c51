package demoforge_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gitlab "gitlab.com/gitlab-org/api/client-go"

	"github.com/callboard/callboard/internal/demoforge"
)

func TestGitLabHooks(t *testing.T) {
	now := noon
	f := start(t, demoforge.Options{Now: func() time.Time { return now }})
	r := create(t, f, demoforge.GitLab, "acme/data/lake")
	c := gitlabClient(t, f, "any")
	d := newDoor(t)
	yes := gitlab.Ptr(true)
	h, resp, err := c.Groups.AddGroupHook("acme", &gitlab.AddGroupHookOptions{
		URL: &d.URL, Token: gitlab.Ptr("s3cret"), PushEvents: yes, ProjectEvents: yes, Name: gitlab.Ptr("Callboard"),
	})
	if err != nil || resp.StatusCode != http.StatusCreated || !h.PushEvents || h.TagPushEvents || h.GroupID == 0 {
		t.Fatalf("hook %+v, %v", h, err)
	}
	own, _, err := c.Projects.AddProjectHook(r.ID(), &gitlab.AddProjectHookOptions{URL: gitlab.Ptr(d.URL + "/project"), TagPushEvents: yes, PushEvents: gitlab.Ptr(false)})
	if err != nil || own.ProjectID != r.ID() {
		t.Fatalf("hook %+v, %v", own, err)
	}
	if _, _, err := c.SystemHooks.AddHook(&gitlab.AddHookOptions{URL: gitlab.Ptr(d.URL + "/system")}); err != nil {
		t.Fatal(err)
	}
	first := push(t, r, "main", write(1, "one"))
	if _, err := r.Tag("v1", first.After, moss); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Rename("acme/data/sea"); err != nil {
		t.Fatal(err)
	}
	deliver(t, f)
	if got := d.got[0].Header; got.Get("X-Gitlab-Token") != "s3cret" || got.Get("Idempotency-Key") == "" {
		t.Errorf("headers %v", got)
	}
	want := []string{
		"Push Hook one", "System Hook repository_update", "Tag Push Hook one", "System Hook repository_update",
		"System Hook project_rename", "Project Hook project_rename",
	}
	if diff := cmp.Diff(want, d.events()); diff != "" {
		t.Errorf("came (-want +got):\n%s", diff)
	}

	// The log, and sending again.
	d.answer(http.StatusServiceUnavailable)
	push(t, r, "main", write(2, "two"))
	deliver(t, f)
	key := d.got[0].Header.Get("Idempotency-Key")
	d.events()
	d.answer(http.StatusOK)
	type event struct {
		ID      int64             `json:"id"`
		Status  string            `json:"response_status"`
		Trigger string            `json:"trigger"`
		Data    gitlab.PushEvent  `json:"request_data"`
		Headers map[string]string `json:"request_headers"`
	}
	failures := func() (list []event) {
		t.Helper()
		status := struct {
			Status string `url:"status"`
		}{"server_failure"}
		req, err := c.NewRequest(http.MethodGet, fmt.Sprintf("groups/acme/hooks/%d/events", h.ID), status, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Do(req, &list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	list := failures()
	if len(list) != 1 || list[0].Status != "503" || list[0].Trigger != "push_hooks" || list[0].Data.Commits[0].Title != "two" || list[0].Headers["Idempotency-Key"] != key {
		t.Fatalf("log %+v", list)
	}
	if _, err := c.Groups.ResendGroupHookEvent("acme", h.ID, list[0].ID); err != nil {
		t.Fatal(err)
	}
	if got := d.got[0].Header.Get("Idempotency-Key"); got != key {
		t.Errorf("sent again as %s, want %s", got, key)
	}
	d.events()
	for range 4 {
		if _, err := c.Groups.ResendGroupHookEvent("acme", h.ID, list[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	if resp, err := c.Groups.ResendGroupHookEvent("acme", h.ID, list[0].ID); err == nil || resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a sixth time in a minute: %v, want 429", err)
	}
	d.events()
	for query, want := range map[string]int{"per_page=21": 400, "per_page=20": 200, "status=503,successful": 200, "status=bad": 400} {
		if got, _, body := get(t, fmt.Sprintf("%sapi/v4/groups/acme/hooks/%d/events?%s", f.APIURL(demoforge.GitLab), h.ID, query), nil); got != want {
			t.Errorf("%s: %d %s, want %d", query, got, body, want)
		}
	}
	if _, err := c.Groups.TriggerTestGroupHook("acme", h.ID, gitlab.GroupHookTriggerPush); err != nil {
		t.Fatal(err)
	}
	if got := d.events(); !slices.Equal(got, []string{"Push Hook two"}) {
		t.Errorf("the test sent %v", got)
	}
	now = now.Add(8 * 24 * time.Hour)
	if list := failures(); len(list) != 0 {
		t.Errorf("eight days later the log has %+v", list)
	}

	if _, err := c.Groups.DeleteGroupHook("acme", h.ID); err != nil {
		t.Fatal(err)
	}
	if hooks, _, err := c.Groups.ListGroupHooks("acme", nil); err != nil || len(hooks) != 0 {
		t.Errorf("hooks %v, %v", hooks, err)
	}
}

func TestGitLabSwitchesOffWhatFails(t *testing.T) {
	now := noon
	f := start(t, demoforge.Options{Now: func() time.Time { return now }})
	r := create(t, f, demoforge.GitLab, "acme/lake")
	c := gitlabClient(t, f, "any")
	d := newDoor(t)
	h, _, err := c.Projects.AddProjectHook(r.ID(), &gitlab.AddProjectHookOptions{URL: &d.URL})
	if err != nil {
		t.Fatal(err)
	}
	d.answer(http.StatusBadGateway)
	for i := range 6 {
		push(t, r, "main", write(i, fmt.Sprint(i)))
		deliver(t, f)
	}
	if got := d.events(); len(got) != 4 {
		t.Errorf("%d came of 6, want 4 before it is switched off", len(got))
	}
	if h, _, err = c.Projects.GetProjectHook(r.ID(), h.ID); err != nil || h.AlertStatus != "temporarily_disabled" || !h.DisabledUntil.Equal(now.Add(time.Minute)) {
		t.Errorf("hook %+v, %v", h, err)
	}
	now = now.Add(time.Minute)
	d.answer(http.StatusOK)
	push(t, r, "main", write(7, "7"))
	deliver(t, f)
	if h, _, err = c.Projects.GetProjectHook(r.ID(), h.ID); err != nil || h.AlertStatus != "executable" || len(d.events()) != 1 {
		t.Errorf("hook %+v, %v", h, err)
	}
}
