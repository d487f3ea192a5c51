package demoforge

import (
	"fmt"

	"github.com/go-git/go-git/v5/plumbing"
)

// gitlabKinds are the events of GitLab that tell of activities. See
// https://docs.gitlab.com/user/project/integrations/webhook_events/.
func gitlabKinds() map[string]kind {
	return map[string]kind{
		"Merge Request Hook": {
			[]string{"open", "close", "reopen", "update", "approved", "unapproved", "approval", "unapproval", "merge"},
			(*Repository).gitlabMergeRequest,
		},
		"Pipeline Hook": {
			[]string{"created", "pending", "running", "success", "failed", "canceled", "skipped", "manual"},
			(*Repository).gitlabPipeline,
		},
		"Job Hook": {
			[]string{"created", "pending", "running", "success", "failed", "canceled"},
			(*Repository).gitlabJob,
		},
		"Deployment Hook": {[]string{"running", "success", "failed", "canceled"}, (*Repository).gitlabDeployment},
		"Release Hook":    {[]string{"create", "update", "delete"}, (*Repository).gitlabRelease},
		"Vulnerability Hook": {
			[]string{"detected", "confirmed", "dismissed", "resolved"},
			(*Repository).gitlabVulnerability,
		},
	}
}

// gitlabLastCommit is a commit as hooks show it that are not about pushes. A
// commit that is not there has just its id.
func (r *Repository) gitlabLastCommit(sha string) jsonObject {
	o := jsonObject{"id": sha, "message": "", "title": "", "timestamp": nil, "url": r.gitlabPage() + "/-/commit/" + sha}
	c, err := r.objects.commit(plumbing.NewHash(sha))
	if err != nil {
		return o
	}
	o["message"], o["title"], o["timestamp"] = c.Message, title(c.Message), c.Committer.When.Format("2006-01-02T15:04:05-07:00")
	o["author"] = jsonObject{"name": c.Author.Name, "email": c.Author.Email}
	return o
}

func (r *Repository) gitlabMergeRequest(a Activity) jsonObject {
	states := map[string]string{"close": "closed", "merge": "merged"}
	state := states[a.Action]
	if state == "" {
		state = "opened"
	}
	project := r.gitlabHookProject()
	attributes := jsonObject{
		"id": r.number(a), "iid": a.Number, "target_branch": a.Into, "source_branch": a.Branch,
		"source_project_id": r.id, "target_project_id": r.id, "author_id": accountID(loginOf(a.By)), "assignee_ids": []any{}, "reviewer_ids": []any{},
		"title": a.Title, "description": "", "created_at": gitlabHookTime(a.Time), "updated_at": gitlabHookTime(a.Time),
		"state": state, "draft": false, "work_in_progress": false, "merge_status": "can_be_merged", "detailed_merge_status": "mergeable",
		"merge_commit_sha": nil, "url": fmt.Sprint(r.gitlabPage(), "/-/merge_requests/", a.Number),
		"source": project, "target": project, "last_commit": r.gitlabLastCommit(a.SHA), "action": a.Action, "labels": []any{},
	}
	if a.Action == "merge" {
		attributes["merge_commit_sha"] = a.SHA
	}
	if a.Action == "update" {
		attributes["oldrev"] = r.gitlabLastCommit(a.SHA)["id"]
	}
	return jsonObject{
		"object_kind": "merge_request", "event_type": "merge_request", "object_attributes": attributes,
		"labels": []any{}, "changes": jsonObject{}, "repository": r.gitlabHookRepository(), "assignees": []any{}, "reviewers": []any{},
	}
}

func (r *Repository) gitlabPipeline(a Activity) jsonObject {
	var finished any
	if a.Action == "success" || a.Action == "failed" || a.Action == "canceled" {
		finished = gitlabHookTime(a.Time)
	}
	return jsonObject{
		"object_kind": "pipeline",
		"object_attributes": jsonObject{
			"id": r.number(a), "iid": a.Number, "name": nil, "ref": a.Branch, "tag": false, "sha": a.SHA, "before_sha": plumbing.ZeroHash.String(),
			"source": "push", "status": a.Action, "detailed_status": a.Action, "stages": []string{"test"}, "variables": []any{},
			"created_at": gitlabHookTime(a.Time), "finished_at": finished, "duration": 63, "queued_duration": 2,
			"url": fmt.Sprint(r.gitlabPage(), "/-/pipelines/", r.number(a)),
		},
		"merge_request": nil, "commit": r.gitlabLastCommit(a.SHA), "builds": []any{},
	}
}

func (r *Repository) gitlabJob(a Activity) jsonObject {
	return jsonObject{
		"object_kind": "build", "ref": a.Branch, "tag": false, "sha": a.SHA, "before_sha": plumbing.ZeroHash.String(),
		"build_id": r.number(a), "build_name": a.Title, "build_stage": "test", "build_status": a.Action,
		"build_created_at": gitlabHookTime(a.Time), "build_started_at": gitlabHookTime(a.Time), "build_finished_at": nil,
		"build_duration": 3.5, "build_allow_failure": false, "build_failure_reason": "unknown_failure", "pipeline_id": r.number(a),
		"project_id": r.id, "project_name": r.name, "repository": r.gitlabHookRepository(),
	}
}

func (r *Repository) gitlabDeployment(a Activity) jsonObject {
	commit := r.gitlabLastCommit(a.SHA)
	return jsonObject{
		"object_kind": "deployment", "status": a.Action, "status_changed_at": a.Time.UTC().Format("2006-01-02 15:04:05 -0700"),
		"deployment_id": r.number(a), "deployable_id": r.number(a), "deployable_url": fmt.Sprint(r.gitlabPage(), "/-/jobs/", r.number(a)),
		"environment": a.Environment, "environment_slug": a.Environment, "environment_tier": a.Environment, "environment_external_url": nil,
		"short_sha": a.SHA[:min(8, len(a.SHA))], "user_url": r.forge.webURL(GitLab) + "/" + loginOf(a.By), "commit_url": commit["url"], "commit_title": commit["title"],
		"ref": a.Branch,
	}
}

func (r *Repository) gitlabRelease(a Activity) jsonObject {
	page, at := r.gitlabPage(), gitlabHookTime(a.Time)
	return jsonObject{
		"object_kind": "release", "action": a.Action, "id": r.number(a), "name": a.Title, "tag": a.Tag, "description": "",
		"created_at": at, "released_at": at, "url": page + "/-/releases/" + a.Tag, "commit": r.gitlabLastCommit(a.SHA),
		"assets": jsonObject{"count": 1, "links": []any{}, "sources": []any{
			jsonObject{"format": "zip", "url": page + "/-/archive/" + a.Tag + "/" + r.base() + "-" + a.Tag + ".zip"},
		}},
	}
}

func (r *Repository) gitlabVulnerability(a Activity) jsonObject {
	at := gitlabHookTime(a.Time)
	attributes := jsonObject{
		"id": r.number(a), "url": fmt.Sprint(r.gitlabPage(), "/-/security/vulnerabilities/", r.number(a)), "title": a.Title,
		"state": a.Action, "project_id": r.id, "severity": a.Severity, "severity_overridden": false, "report_type": "sast",
		"confidence": "unknown", "confidence_overridden": false, "location": jsonObject{"file": "main.go"}, "cvss": []any{},
		"identifiers": []any{jsonObject{"name": "CWE-89", "external_id": "89", "external_type": "cwe", "url": "https://cwe.mitre.org/data/definitions/89.html"}},
		"issues":      []any{}, "auto_resolved": false, "resolved_on_default_branch": false, "created_at": at, "updated_at": at,
	}
	if a.Action != "detected" {
		attributes[a.Action+"_at"], attributes[a.Action+"_by_id"] = at, accountID(loginOf(a.By))
	}
	return jsonObject{"object_kind": "vulnerability", "object_attributes": attributes}
}
