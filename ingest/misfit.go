package ingest

// Setting is one of the settings that a source is connected with.
type Setting string

// The settings that a forge or a remote can find wrong.
const (
	SettingURL          Setting = "url"
	SettingOwner        Setting = "owner" // organisation or group
	SettingRepositories Setting = "repositories"
	SettingToken        Setting = "token"
	SettingBranch       Setting = "branch"
)

// Misfit is what a forge or a remote says of settings before a source is connected
// with them: which one is wrong, and what to do. Its text is fit for users.
type Misfit struct {
	Setting Setting
	Err     error
}

// Error returns what is wrong.
func (m *Misfit) Error() string { return m.Err.Error() }

// Unwrap returns what is wrong, with its kind.
func (m *Misfit) Unwrap() error { return m.Err }
