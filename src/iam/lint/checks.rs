//! Every check: its name, its severity, what it is about, and the page it comes from.
//!
//! Names, severities and wording follow AWS's own where Access Analyzer has the check
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>),
//! so that findings can be looked up and suppressed alike in both.

use std::fmt;

/// How bad a finding is, as Access Analyzer puts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The policy does not work, or not as it is written.
    Error,
    /// The policy allows more than is wise.
    SecurityWarning,
    /// The policy is probably not what was meant.
    Warning,
    /// The policy could be clearer or narrower.
    Suggestion,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 4] =
        [Self::Error, Self::SecurityWarning, Self::Warning, Self::Suggestion];

    /// The name that the Access Analyzer API has for it: `SECURITY_WARNING`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::SecurityWarning => "SECURITY_WARNING",
            Self::Warning => "WARNING",
            Self::Suggestion => "SUGGESTION",
        }
    }

    const fn anchor(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::SecurityWarning => "security-warning",
            Self::Warning => "general-warning",
            Self::Suggestion => "suggestion",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One check of the linter.
#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name; AWS's issue code where Access Analyzer has the check.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, in one line.
    pub about: &'static str,
    /// The page of a check that Access Analyzer does not have.
    page: Option<&'static str>,
}

const ACCESS_ANALYZER: &str = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html#access-analyzer-reference-policy-checks";

impl Check {
    /// Access Analyzer has this check too, under the same name.
    #[must_use]
    pub fn is_aws(&self) -> bool {
        self.page.is_none()
    }

    /// The page that the check comes from.
    #[must_use]
    pub fn source(&self) -> String {
        self.page.map_or_else(
            || {
                let slug = self.code.to_ascii_lowercase().replace('_', "-");
                format!("{ACCESS_ANALYZER}-{}-{slug}", self.severity.anchor())
            },
            str::to_owned,
        )
    }

    /// A check by its name.
    #[must_use]
    pub fn by_code(code: &str) -> Option<&'static Self> {
        CHECKS.iter().copied().find(|check| check.code == code)
    }
}

macro_rules! checks {
    ($($code:ident $severity:ident $about:literal $($page:literal)?;)*) => {
        $(
            #[doc = $about]
            pub static $code: Check = Check {
                code: stringify!($code),
                severity: Severity::$severity,
                about: $about,
                page: checks!(@page $($page)?),
            };
        )*

        /// Every check, the worst first, AWS's order within.
        pub static CHECKS: &[&Check] = &[$(&$code),*];
    };
    (@page) => { None };
    (@page $page:literal) => { Some($page) };
}

checks! {
    ARN_ACCOUNT_NOT_ALLOWED Error "An ARN names an account where its service takes none";
    ARN_REGION_NOT_ALLOWED Error "An ARN names a Region where its service takes none";
    DATA_TYPE_MISMATCH Error "An element has another JSON type than it must have";
    DUPLICATE_KEYS_WITH_DIFFERENT_CASE Error "A condition key stands twice in a block, spelled differently";
    INVALID_ACTION Error "An action does not exist";
    INVALID_ARN_ACCOUNT Error "The account of an ARN is not 12 digits";
    INVALID_ARN_PREFIX Error "A resource does not start with `arn:`";
    INVALID_ARN_REGION Error "The Region of an ARN is none";
    INVALID_ARN_RESOURCE Error "An ARN has the form of no resource type of its service";
    INVALID_ARN_SERVICE_CASE Error "The service of an ARN is not in lower case";
    INVALID_CONDITION_DATA_TYPE Error "The values of a condition have different JSON types";
    INVALID_CONDITION_KEY_FORMAT Error "A condition key is not of the form `service:name`";
    INVALID_CONDITION_MULTIPLE_BOOLEAN Error "A Boolean condition has several values";
    INVALID_CONDITION_OPERATOR Error "A condition operator does not exist";
    INVALID_EFFECT Error "An effect is neither Allow nor Deny";
    INVALID_GLOBAL_CONDITION_KEY Error "A global condition key does not exist";
    INVALID_PARTITION Error "The partition of an ARN does not exist";
    INVALID_POLICY_ELEMENT Error "A policy element does not exist";
    INVALID_PRINCIPAL_FORMAT Error "A principal is not of a form that IAM knows";
    INVALID_PRINCIPAL_KEY Error "A kind of principal does not exist";
    INVALID_REGION Error "A condition names a Region that is none";
    INVALID_SERVICE Error "An ARN or a condition key names a service that does not exist";
    INVALID_SERVICE_CONDITION_KEY Error "A service has no such condition key";
    INVALID_SERVICE_IN_ACTION Error "The service of an action does not exist";
    INVALID_VARIABLE_FOR_OPERATOR Error "A policy variable stands where only string and ARN operators take one";
    INVALID_VERSION Error "The version of the policy language does not exist";
    MISSING_ACTION Error "A statement has no Action and no NotAction";
    MISSING_ARN_FIELD Error "An ARN has fewer than six fields, and no `*` that could stand for the rest";
    MISSING_ARN_REGION Error "An ARN leaves out the Region that its resource type needs";
    MISSING_EFFECT Error "A statement has no Effect";
    MISSING_PRINCIPAL Error "A statement of a resource-based policy has no Principal";
    MISSING_QUALIFIER Error "A multivalued condition key stands without ForAllValues or ForAnyValue";
    MISSING_RESOURCE Error "A statement has no Resource and no NotResource";
    MISSING_STATEMENT Error "A policy has no statement";
    NULL_WITH_IF_EXISTS Error "The Null operator has the suffix IfExists";
    SCP_SYNTAX_ERROR_PRINCIPAL Error "A service control policy names a principal";
    UNIQUE_SIDS_REQUIRED Error "Two statements of an IAM policy share a Sid";
    UNSUPPORTED_ACTION_IN_POLICY Error "A resource-based policy names an action of another service";
    UNSUPPORTED_ELEMENT_COMBINATION Error "A statement has an element and its negation";
    UNSUPPORTED_GLOBAL_CONDITION_KEY Error "A global condition key is no longer supported";
    UNSUPPORTED_PRINCIPAL Error "An identity-based policy names a principal";
    UNSUPPORTED_RESOURCE_ARN_IN_POLICY Error "A resource-based policy names a resource of another service";
    UNSUPPORTED_SID Error "A Sid has characters other than letters and digits";
    UNSUPPORTED_WILDCARD_IN_PRINCIPAL Error "A principal has a wildcard in part of its name";
    MISSING_BRACE_IN_VARIABLE Error "A policy variable has no closing brace";
    UNSUPPORTED_SYMBOL_IN_VARIABLE Error "The name of a policy variable has a character that none has";
    MISSING_QUOTE_IN_VARIABLE Error "The default of a policy variable is not in single quotes";
    UNSUPPORTED_SPACE_IN_VARIABLE Error "The name of a policy variable has a space";
    EMPTY_VARIABLE Error "A policy variable has no name";
    VARIABLE_UNSUPPORTED_IN_ELEMENT Error "A policy variable stands outside Resource and Condition";
    VARIABLE_UNSUPPORTED_IN_VERSION Error "A policy variable stands in a policy whose version knows none";
    PRIVATE_IP_ADDRESS Error "aws:SourceIp is compared with private addresses only, which never match";
    PRIVATE_NOT_IP_ADDRESS Error "aws:SourceIp excludes private addresses only, which has no effect";
    POLICY_SIZE_EXCEEDS_SCP_QUOTA Error "A service control policy is too large";
    INVALID_SERVICE_PRINCIPAL_FORMAT Error "A service principal is not of the form `service.amazonaws.com`";
    MISSING_TAG_KEY_IN_CONDITION Error "A tag condition names no tag";
    INVALID_VPC_FORMAT Error "A VPC identifier is none";
    INVALID_VPCE_FORMAT Error "A VPC endpoint identifier is none";
    FEDERATED_PRINCIPAL_NOT_SUPPORTED Error "A federated principal stands outside a role trust policy";
    UNSUPPORTED_ACTION_FOR_CONDITION_KEY Error "An action never receives the condition key it is limited by";
    UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL Error "A service principal never carries the condition key it is limited by";
    ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL Error "A role trust policy has NotPrincipal";
    ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL Error "A role trust policy trusts the principal `*`";
    ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE Error "A role trust policy names a resource";
    TYPE_MISMATCH_IP_RANGE Error "An IP address condition has a value that is no address or range";
    MISSING_ACTION_FOR_CONDITION_KEY Error "The only action that receives a condition key is not in the statement";
    INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY Error "A federated principal is neither a domain nor a provider's ARN";
    MISMATCHED_ACTION_FOR_PRINCIPAL Error "A principal cannot use the action that a trust policy gives it";
    MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY Error "IAM Roles Anywhere needs actions that the trust policy leaves out";
    POLICY_SIZE_EXCEEDS_RCP_QUOTA Error "A resource control policy is too large";
    RCP_SYNTAX_ERROR_PRINCIPAL Error "A resource control policy names another principal than `*`";
    RCP_SYNTAX_ERROR_ALLOW Error "A resource control policy allows";
    RCP_SYNTAX_ERROR_NOTACTION Error "A resource control policy has NotAction";
    RCP_SYNTAX_ERROR_ACTION Error "A resource control policy names a service that takes none";
    MISSING_ARN_ACCOUNT Error "An ARN leaves out the account that its resource type needs";
    INVALID_KMS_KEY_VALUE Error "A condition on a KMS key names something else than a key's ARN";
    VARIABLE_USAGE_TOO_PERMISSIVE Error "A sensitive condition key is compared with a policy variable";
    WILDCARD_USAGE_TOO_PERMISSIVE Error "A sensitive condition key is compared with a wildcard";
    DUPLICATE_ELEMENT Error "A key stands twice in a JSON object"
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html";
    VARIABLE_UNSUPPORTED_IN_ARN_FIELD Error "A policy variable stands before the fifth colon of a Resource, where it is plain text"
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html";

    UNTRUSTWORTHY_CONDITION_KEY SecurityWarning "A condition relies on a key that callers set themselves";
    ALLOW_WITH_NOT_PRINCIPAL SecurityWarning "Allow with NotPrincipal lets in everybody else, anonymous callers included";
    FORALLVALUES_WITH_SINGLE_VALUED_KEY SecurityWarning "ForAllValues on a single-valued key is true when the key is missing";
    PASS_ROLE_WITH_NOT_RESOURCE SecurityWarning "iam:PassRole on all roles but some";
    PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE SecurityWarning "A wildcard action covers iam:PassRole on all roles but some";
    PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE SecurityWarning "NotAction covers iam:PassRole on all roles but some";
    PASS_ROLE_WITH_STAR_IN_RESOURCE SecurityWarning "iam:PassRole on every role, to every service";
    PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE SecurityWarning "A wildcard action covers iam:PassRole on every role";
    PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION SecurityWarning "NotAction covers iam:PassRole on every role";
    MISSING_PAIRED_CONDITION_KEYS SecurityWarning "A condition key means little without the one it goes with";
    DENY_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE SecurityWarning "A Deny depends on a resource tag that its actions never carry";
    DENY_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE SecurityWarning "A Deny with NotAction depends on a resource tag";
    RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL SecurityWarning "A service principal is let in whoever it acts for (the confused deputy)";
    MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL SecurityWarning "An OpenID Connect provider is trusted for all its users";
    MISSING_GITHUB_REPO_CONDITION_KEY SecurityWarning "GitHub is trusted for all its repositories";
    STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS SecurityWarning "An ARN is compared by StringLike, whose `*` spans the ARN's fields";
    DYNAMODB_ATTRIBUTES_WITHOUT_SELECT SecurityWarning "dynamodb:Attributes alone does not limit reads without a projection";
    S3_PREFIX_IN_NEGATIVE_CONTEXT SecurityWarning "A negated s3:prefix is bypassed by a shorter prefix";
    FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE SecurityWarning "ForAnyValue on the single-valued audience claim";
    ALLOW_EVERYTHING SecurityWarning "Everything is allowed on everything"
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege";
    PUBLIC_ACCESS SecurityWarning "Anyone is let in, with conditions that anyone can meet or with none"
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html";
    ALLOW_WITH_NOT_RESOURCE SecurityWarning "Allow with NotResource allows all resources but some, in every account"
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notresource.html";

    CREATE_SLR_WITH_NOT_RESOURCE Warning "iam:CreateServiceLinkedRole on all roles but some";
    CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE Warning "A wildcard action covers iam:CreateServiceLinkedRole on all roles but some";
    CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE Warning "NotAction covers iam:CreateServiceLinkedRole on all roles but some";
    CREATE_SLR_WITH_STAR_IN_RESOURCE Warning "iam:CreateServiceLinkedRole on every role";
    CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE Warning "A wildcard action covers iam:CreateServiceLinkedRole on every role";
    CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION Warning "NotAction covers iam:CreateServiceLinkedRole on every role";
    DEPRECATED_GLOBAL_CONDITION_KEY Warning "A global condition key has a successor";
    INVALID_DATE_VALUE Warning "A date is given in seconds since the epoch";
    INVALID_ROLE_REFERENCE Warning "A principal is a role's unique id";
    INVALID_USER_REFERENCE Warning "A principal is a user's unique id";
    MISSING_VERSION Warning "A policy has no Version";
    UNIQUE_SIDS_RECOMMENDED Warning "Two statements of a resource-based policy share a Sid";
    WILDCARD_WITHOUT_LIKE_OPERATOR Warning "A wildcard stands where the operator takes it literally";
    POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA Warning "An identity-based policy is too large";
    POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA Warning "A resource-based policy is too large";
    TYPE_MISMATCH Warning "A condition operator is of another type than its key";
    TYPE_MISMATCH_BOOLEAN Warning "A Boolean condition has a value that is neither true nor false";
    TYPE_MISMATCH_DATE Warning "A date condition has a value that is no date";
    TYPE_MISMATCH_NUMBER Warning "A numeric condition has a value that is no number";
    TYPE_MISMATCH_STRING Warning "A binary condition has a value that is not base64";
    SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED Warning "GitHub is trusted by a pattern that others' repositories can match";
    POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA Warning "A role trust policy is too large";
    RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY Warning "A resource control policy on principals also hits AWS services";
    RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY Warning "A resource control policy on sources also hits your principals";
    RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK Warning "A resource control policy on sources hits services that send none";
    ACTION_RESOURCE_MISMATCH Warning "An action and the statement's resources cannot go together"
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html";
    SHADOWED_STATEMENT Warning "An Allow is undone by a Deny of the same policy"
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html";
    UNKNOWN_REGION Warning "A Region has the form of one and is not on botocore's list"
        "https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html";
    UNKNOWN_VARIABLE Warning "A policy variable is no condition key, or one with several values"
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html";
    ALLOW_WITH_NOT_ACTION Warning "Allow with NotAction allows every action that AWS adds"
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html";
    KEY_POLICY_WITHOUT_ADMINISTRATOR Warning "Nobody could change this key policy again"
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html";

    EMPTY_ARRAY_ACTION Suggestion "A statement lists no action";
    EMPTY_ARRAY_CONDITION Suggestion "A condition lists no value";
    EMPTY_ARRAY_CONDITION_FORALLVALUES Suggestion "ForAllValues lists no value";
    EMPTY_ARRAY_CONDITION_FORANYVALUE Suggestion "ForAnyValue lists no value";
    EMPTY_ARRAY_CONDITION_IFEXISTS Suggestion "An IfExists condition lists no value";
    EMPTY_ARRAY_PRINCIPAL Suggestion "A statement lists no principal";
    EMPTY_ARRAY_RESOURCE Suggestion "A statement lists no resource";
    EMPTY_OBJECT_CONDITION Suggestion "A condition block is empty";
    EMPTY_OBJECT_PRINCIPAL Suggestion "A Principal element is empty";
    EMPTY_SID_VALUE Suggestion "A Sid is empty";
    EQUIVALENT_TO_NULL_FALSE Suggestion "A condition only asks whether the key is there";
    EQUIVALENT_TO_NULL_TRUE Suggestion "A condition only asks whether the key is missing";
    IMPROVE_IP_RANGE Suggestion "An IP range has bits beyond its prefix";
    NULL_WITH_QUALIFIER Suggestion "The Null operator has a set qualifier";
    PRIVATE_IP_ADDRESS_SUBSET Suggestion "aws:SourceIp is compared with private addresses among others";
    PRIVATE_NOT_IP_ADDRESS_SUBSET Suggestion "aws:SourceIp excludes private addresses among others";
    REDUNDANT_ACTION Suggestion "An action is covered by another of the statement";
    REDUNDANT_CONDITION_VALUE_NUM Suggestion "A numeric condition has several bounds where one counts";
    REDUNDANT_RESOURCE Suggestion "A resource is covered by another of the statement";
    REDUNDANT_STATEMENT Suggestion "A statement is covered by another";
    WILDCARD_IN_SERVICE_NAME Suggestion "The name of a service has a wildcard";
    ALLOW_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE Suggestion "An Allow depends on a resource tag that its actions never carry";
    ALLOW_NOTACTION_WITH_UNSUPPORTED_TAG_CONDITION_KEY_FOR_SERVICE Suggestion "An Allow with NotAction depends on a resource tag";
    RECOMMENDED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL Suggestion "A service principal is limited by a weak condition key";
    IRRELEVANT_CONDITION_KEY_IN_POLICY Suggestion "A condition key says nothing in this kind of policy";
    REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION Suggestion "A condition is always true";
    REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY Suggestion "A role session is trusted besides its role";
    REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION Suggestion "A condition is never true";
    CONFIRM_AUDIENCE_CLAIM_TYPE Suggestion "ForAllValues on the audience claim";
    RETIRED_ACTION Suggestion "AWS's pages no longer list an action"
        "https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html";
    STAR_RESOURCE Suggestion "A change is allowed on every resource though its action can be limited to some"
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege";
}
