package demoforge

import (
	"fmt"
	"strings"
)

// githubKinds are the events of GitHub that tell of activities. See
// https://docs.github.com/webhooks/webhook-events-and-payloads.
func githubKinds() map[string]kind {
	return map[string]kind{
		"pull_request": {
			[]string{"opened", "closed", "merged", "reopened", "synchronize", "edited", "ready_for_review", "converted_to_draft", "labeled"},
			func(r *Repository, a Activity) jsonObject {
				return jsonObject{"number": a.Number, "pull_request": r.githubPullRequest(a)}
			},
		},
		"release": {
			[]string{"created", "published", "released", "prereleased", "edited", "deleted", "unpublished"},
			func(r *Repository, a Activity) jsonObject { return jsonObject{"release": r.githubRelease(a)} },
		},
		"deployment": {
			[]string{"created"},
			func(r *Repository, a Activity) jsonObject {
				return jsonObject{"deployment": r.githubDeployment(a), "workflow": nil, "workflow_run": nil}
			},
		},
		"deployment_status": {
			[]string{"created"},
			func(r *Repository, a Activity) jsonObject {
				return jsonObject{"deployment": r.githubDeployment(a), "deployment_status": r.githubDeploymentStatus(a)}
			},
		},
		"workflow_run": {
			[]string{"requested", "in_progress", "completed"},
			func(r *Repository, a Activity) jsonObject {
				return jsonObject{"workflow": r.githubWorkflow(), "workflow_run": r.githubWorkflowRun(a)}
			},
		},
		"check_suite": {
			[]string{"completed"},
			func(r *Repository, a Activity) jsonObject {
				return jsonObject{"check_suite": jsonObject{
					"id": r.number(a), "head_branch": a.Branch, "head_sha": a.SHA, "status": "completed", "conclusion": a.State,
					"url":        fmt.Sprint(r.githubAPI(), "/check-suites/", r.number(a)),
					"created_at": githubTime(a.Time), "updated_at": githubTime(a.Time),
				}}
			},
		},
		"branch_protection_rule": {
			[]string{"created", "edited", "deleted"},
			func(r *Repository, a Activity) jsonObject {
				o := jsonObject{"rule": r.githubProtection(a)}
				if a.Action == "edited" {
					o["changes"] = jsonObject{"admin_enforced": jsonObject{"from": false}}
				}
				return o
			},
		},
		"repository_ruleset": {
			[]string{"created", "edited", "deleted"},
			func(r *Repository, a Activity) jsonObject {
				return jsonObject{"repository_ruleset": jsonObject{
					"id": r.number(a), "name": a.Title, "target": "branch", "source_type": "Repository", "source": r.name,
					"enforcement": "active", "created_at": githubTime(a.Time), "updated_at": githubTime(a.Time),
				}}
			},
		},
		"meta": {
			[]string{"deleted"},
			func(*Repository, Activity) jsonObject {
				return jsonObject{"hook_id": hookID, "hook": jsonObject{
					"type": "Organization", "id": hookID, "name": "web", "active": true, "events": []string{allEvents},
					"config": jsonObject{"content_type": "json", "insecure_ssl": "0", "url": ""},
				}}
			},
		},
		"code_scanning_alert": {
			[]string{"appeared_in_branch", "closed_by_user", "created", "fixed", "reopened", "reopened_by_user"},
			func(r *Repository, a Activity) jsonObject {
				return jsonObject{"alert": r.githubCodeAlert(a), "ref": "refs/heads/" + a.Branch, "commit_oid": a.SHA}
			},
		},
		"dependabot_alert": {
			[]string{"created", "fixed", "dismissed", "reopened", "reintroduced", "auto_dismissed", "auto_reopened"},
			func(r *Repository, a Activity) jsonObject { return jsonObject{"alert": r.githubDependabotAlert(a)} },
		},
		"secret_scanning_alert": {
			[]string{"created", "resolved", "reopened", "publicly_leaked", "validated", "revoked"},
			func(r *Repository, a Activity) jsonObject { return jsonObject{"alert": r.githubSecretAlert(a)} },
		},
	}
}

func (r *Repository) githubPullRequest(a Activity) jsonObject {
	api, page := fmt.Sprint(r.githubAPI(), "/pulls/", a.Number), fmt.Sprint(r.githubPage(), "/pull/", a.Number)
	merged := a.Action == "merged"
	o := jsonObject{
		"id": r.number(a), "node_id": nodeID("PR", r.number(a)), "number": a.Number, "url": api, "html_url": page,
		"diff_url": page + ".diff", "state": "open", "locked": false, "title": a.Title, "body": nil, "draft": false,
		"user": r.forge.githubSender(a.By, r.owner()), "merged": merged, "mergeable": nil, "labels": []any{},
		"created_at": githubTime(a.Time), "updated_at": githubTime(a.Time), "closed_at": nil, "merged_at": nil,
		"merge_commit_sha": nil, "merged_by": nil, "author_association": "MEMBER", "requested_reviewers": []any{},
		"head": r.githubPullEnd(a.Branch, a.SHA), "base": r.githubPullEnd(a.Into, r.refs[branchRef(a.Into)].String()),
		"commits": 1, "additions": 1, "deletions": 0, "changed_files": 1, "comments": 0, "review_comments": 0,
	}
	if merged || a.Action == "closed" {
		o["state"], o["closed_at"] = "closed", githubTime(a.Time)
	}
	if merged {
		o["merged_at"], o["merged_by"], o["merge_commit_sha"] = githubTime(a.Time), o["user"], a.SHA
	}
	return o
}

func (r *Repository) githubPullEnd(branch, sha string) jsonObject {
	return jsonObject{
		"label": r.owner() + ":" + branch, "ref": branch, "sha": sha,
		"user": r.forge.githubAccount(r.owner(), r.forge.kind(r.owner())), "repo": r.githubRepository(),
	}
}

func (r *Repository) githubRelease(a Activity) jsonObject {
	id := r.number(a)
	return jsonObject{
		"id": id, "node_id": nodeID("RE", id), "url": fmt.Sprint(r.githubAPI(), "/releases/", id),
		"html_url": r.githubPage() + "/releases/tag/" + a.Tag, "tag_name": a.Tag, "target_commitish": a.Branch,
		"name": a.Title, "body": "", "draft": false, "prerelease": a.Action == "prereleased", "assets": []any{},
		"author":     r.forge.githubSender(a.By, r.owner()),
		"created_at": githubTime(a.Time), "published_at": githubTime(a.Time),
	}
}

func (r *Repository) githubDeployment(a Activity) jsonObject {
	id := r.number(Activity{Event: "deployment", Number: a.Number})
	api := fmt.Sprint(r.githubAPI(), "/deployments/", id)
	return jsonObject{
		"id": id, "node_id": nodeID("DE", id), "url": api, "sha": a.SHA, "ref": a.Branch, "task": "deploy", "payload": jsonObject{},
		"environment": a.Environment, "original_environment": a.Environment, "description": nil, "statuses_url": api + "/statuses",
		"production_environment": a.Environment == "production", "transient_environment": false, "repository_url": r.githubAPI(),
		"creator": r.forge.githubSender(a.By, r.owner()), "created_at": githubTime(a.Time), "updated_at": githubTime(a.Time),
	}
}

func (r *Repository) githubDeploymentStatus(a Activity) jsonObject {
	deployment := r.githubDeployment(a)
	return jsonObject{
		"id": r.number(a), "node_id": nodeID("DES", r.number(a)), "url": fmt.Sprint(deployment["statuses_url"], "/", r.number(a)),
		"state": a.State, "environment": a.Environment, "description": "", "target_url": "", "log_url": "", "environment_url": "",
		"deployment_url": deployment["url"], "repository_url": r.githubAPI(), "creator": deployment["creator"],
		"created_at": githubTime(a.Time), "updated_at": githubTime(a.Time),
	}
}

func (r *Repository) githubWorkflow() jsonObject {
	return jsonObject{
		"id": r.id + 1, "node_id": nodeID("W", r.id+1), "name": "CI", "path": ".github/workflows/ci.yaml", "state": "active",
		"url": fmt.Sprint(r.githubAPI(), "/actions/workflows/", r.id+1), "html_url": r.githubPage() + "/actions/workflows/ci.yaml",
		"created_at": githubTime(r.settings.Created), "updated_at": githubTime(r.settings.Created),
	}
}

func (r *Repository) githubWorkflowRun(a Activity) jsonObject {
	id, status := r.number(a), map[string]string{"requested": "queued", "in_progress": "in_progress", "completed": "completed"}[a.Action]
	var conclusion any
	if a.Action == "completed" {
		conclusion = a.State
	}
	api, sender := fmt.Sprint(r.githubAPI(), "/actions/runs/", id), r.forge.githubSender(a.By, r.owner())
	return jsonObject{
		"id": id, "node_id": nodeID("WFR", id), "name": "CI", "display_title": a.Title, "path": ".github/workflows/ci.yaml",
		"head_branch": a.Branch, "head_sha": a.SHA, "run_number": a.Number, "run_attempt": 1, "event": "push",
		"status": status, "conclusion": conclusion, "workflow_id": r.id + 1, "url": api,
		"html_url": fmt.Sprint(r.githubPage(), "/actions/runs/", id), "pull_requests": []any{}, "jobs_url": api + "/jobs", "logs_url": api + "/logs",
		"actor": sender, "triggering_actor": sender, "repository": r.githubRepository(), "head_repository": r.githubRepository(),
		"created_at": githubTime(a.Time), "updated_at": githubTime(a.Time), "run_started_at": githubTime(a.Time),
	}
}

func (r *Repository) githubProtection(a Activity) jsonObject {
	return jsonObject{
		"id": r.number(a), "repository_id": r.id, "name": a.Branch, "created_at": githubTime(a.Time), "updated_at": githubTime(a.Time),
		"pull_request_reviews_enforcement_level": "everyone", "required_approving_review_count": 1, "dismiss_stale_reviews_on_push": true,
		"authorized_dismissal_actors_only": false, "ignore_approvals_from_contributors": false, "require_code_owner_review": true,
		"required_status_checks": []string{"ci"}, "required_status_checks_enforcement_level": "everyone",
		"strict_required_status_checks_policy": false, "signature_requirement_enforcement_level": "off",
		"linear_history_requirement_enforcement_level": "off", "admin_enforced": true, "allow_force_pushes_enforcement_level": "off",
		"allow_deletions_enforcement_level": "off", "merge_queue_enforcement_level": "off", "required_deployments_enforcement_level": "off",
		"required_conversation_resolution_level": "off", "authorized_actors_only": false, "authorized_actor_names": []string{},
	}
}

// githubAlert is what all three sorts of alerts have.
func (r *Repository) githubAlert(a Activity, sort string) jsonObject {
	state := "open"
	switch {
	case strings.Contains(a.Action, "dismissed"), a.Action == "closed_by_user":
		state = "dismissed"
	case a.Action == "fixed":
		state = "fixed"
	case a.Action == "resolved", a.Action == "revoked":
		state = "resolved"
	}
	o := jsonObject{
		"number": a.Number, "state": state, "created_at": githubTime(a.Time), "updated_at": githubTime(a.Time),
		"url":         fmt.Sprint(r.githubAPI(), "/", sort, "/alerts/", a.Number),
		"html_url":    fmt.Sprint(r.githubPage(), "/security/", sort, "/", a.Number),
		"fixed_at":    nil,
		"resolved_at": nil, "dismissed_at": nil, "dismissed_by": nil, "dismissed_reason": nil, "dismissed_comment": nil,
	}
	if state != "open" {
		o[state+"_at"] = githubTime(a.Time)
	}
	return o
}

func (r *Repository) githubCodeAlert(a Activity) jsonObject {
	o := r.githubAlert(a, "code-scanning")
	o["rule"] = jsonObject{
		"id": "go/sql-injection", "name": "go/sql-injection", "severity": "error", "security_severity_level": a.Severity,
		"description": a.Title, "full_description": a.Title, "tags": []string{"security"}, "help": "",
	}
	o["tool"] = jsonObject{"name": "CodeQL", "guid": nil, "version": "2.20.0"}
	o["instances_url"] = fmt.Sprint(o["url"], "/instances")
	o["most_recent_instance"] = jsonObject{
		"ref": "refs/heads/" + a.Branch, "analysis_key": ".github/workflows/codeql.yaml:analyze", "category": "", "environment": "{}",
		"state": o["state"], "commit_sha": a.SHA, "message": jsonObject{"text": a.Title}, "classifications": []any{},
		"location": jsonObject{"path": "main.go", "start_line": 1, "end_line": 1, "start_column": 1, "end_column": 2},
	}
	return o
}

func (r *Repository) githubDependabotAlert(a Activity) jsonObject {
	o := r.githubAlert(a, "dependabot")
	delete(o, "resolved_at")
	o["auto_dismissed_at"] = nil
	lib := jsonObject{"ecosystem": "go", "name": "example.com/acme/money"}
	vulnerability := jsonObject{
		"package": lib, "severity": a.Severity, "vulnerable_version_range": "< 1.2.3",
		"first_patched_version": jsonObject{"identifier": "1.2.3"},
	}
	o["dependency"] = jsonObject{"package": lib, "manifest_path": "go.mod", "scope": "runtime"}
	o["security_vulnerability"] = vulnerability
	o["security_advisory"] = jsonObject{
		"ghsa_id": "GHSA-xxxx-xxxx-xxxx", "cve_id": nil, "summary": a.Title, "description": a.Title, "severity": a.Severity,
		"cvss": jsonObject{"score": 7.5, "vector_string": nil}, "cwes": []any{}, "identifiers": []any{}, "references": []any{},
		"vulnerabilities": []any{vulnerability}, "published_at": githubTime(a.Time), "updated_at": githubTime(a.Time), "withdrawn_at": nil,
	}
	return o
}

func (r *Repository) githubSecretAlert(a Activity) jsonObject {
	o := r.githubAlert(a, "secret-scanning")
	o["secret_type"], o["secret_type_display_name"] = "acme_api_key", a.Title
	o["locations_url"] = fmt.Sprint(o["url"], "/locations")
	o["resolution"], o["resolved_by"], o["resolution_comment"] = nil, nil, nil
	if o["state"] == "resolved" {
		o["resolution"], o["resolved_by"] = "revoked", r.forge.githubSender(a.By, r.owner())
	}
	o["push_protection_bypassed"], o["push_protection_bypassed_at"], o["push_protection_bypassed_by"] = false, nil, nil
	return o
}
