//! The macro that declares the settings of a service.
//!
//! One entry gives a setting its flag, its heading in the help, its variable, its key in the file and its place in the
//! configuration, so that none of them can be forgotten. It decides no setting.

/// Declares the settings. Each has its flags, its type and its field in the configuration: `= field`, or a getter and a
/// setter: `|c| .., |c, v| ..`. A line with a title in brackets begins a group: its heading in the help.
macro_rules! settings {
    ($settings:ident of $config:ident; $([$heading:literal] $($(#[$meta:meta])* $name:ident: $type:ty
        $(= $($field:ident).+)? $(, |$of:ident| $get:expr, |$into:ident, $value:ident| $set:expr)?;)*)*) => {
        // The settings of one layer.
        #[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub(in crate::cli) struct $settings {
            $($(
                $(#[$meta])*
                #[arg(help_heading = $heading)]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub(in crate::cli) $name: Option<$type>,
            )*)*
            /// Directories by name. On the command line they are arguments.
            #[arg(skip)]
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub(in crate::cli) roots: BTreeMap<String, PathBuf>,
        }

        impl $settings {
            /// These settings, and those of a lower layer for settings that are not set here.
            pub(in crate::cli) fn or(self, lower: Self) -> Self {
                Self {
                    $($($name: self.$name.or(lower.$name),)*)*
                    roots: if self.roots.is_empty() { lower.roots } else { self.roots },
                }
            }

            /// Writes the settings that are set here to a configuration.
            pub(in crate::cli) fn put_into(self, config: &mut $config) {
                $($(
                    $(if let Some(value) = self.$name { config.$($field).+ = value })?
                    $(if let Some($value) = self.$name { let $into = &mut *config; $set })?
                )*)*
            }

            /// The settings of a configuration.
            pub(in crate::cli) fn of(config: &$config) -> Self {
                Self {
                    $($($name: { $(Some(config.$($field).+))? $(let $of = config; $get)? },)*)*
                    roots: BTreeMap::new(),
                }
            }

            /// The names of all settings except the directories.
            pub(in crate::cli) const NAMES: &[&str] = &[$($(stringify!($name),)*)*];
        }
    };
}

pub(in crate::cli) use settings;
