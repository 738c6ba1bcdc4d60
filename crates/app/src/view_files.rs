//! 成品表册 — statistics, findings, judgements and questions as the workbooks people pass on.

use std::io::Cursor;

use domain::as_of::AsOf;
use jiff::civil::Date;

use crate::atlas::Atlases;
use crate::error::Error;
use crate::figure_pages::MadeFile;
use crate::ledgers::LedgerScope;
use crate::proposals::SiteJudgement;
use crate::session::Session;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

impl Session {
    /// The statistics set, every table on a sheet of its own.
    pub fn statistics_file(
        &self,
        atlases: &Atlases,
        scope: &LedgerScope,
        as_of: AsOf,
    ) -> Result<MadeFile, Error> {
        let statistics = self.statistics(atlases, scope, as_of, usize::MAX)?;
        let label = self.scope_label(scope);
        let day = self.told_day(as_of);
        let made = self.statistics_xlsx(&statistics, &label, &day, Cursor::new(Vec::new()))?;
        Ok(self.workbook("stats.workbook", &label, &day, made))
    }

    /// The findings of the checks as a list to work down.
    pub fn findings_file(
        &self,
        scope: &LedgerScope,
        as_of: AsOf,
        since: Option<AsOf>,
    ) -> Result<MadeFile, Error> {
        let found = self.check(scope, as_of, since)?;
        let label = self.scope_label(scope);
        let day = self.told_day(as_of);
        let made = self.findings_xlsx(&found, &label, &day, Cursor::new(Vec::new()))?;
        Ok(self.workbook("check.workbook", &label, &day, made))
    }

    /// What the tables propose for one site, or for every site of a scope.
    pub fn judgements_file(
        &self,
        scope: &LedgerScope,
        site_code: Option<&str>,
        as_of: Date,
    ) -> Result<MadeFile, Error> {
        let (judged, label) = match site_code {
            Some(code) => self.judged_alone(code, as_of)?,
            None => (self.judge_sites(scope, as_of)?, self.scope_label(scope)),
        };
        let made = self.judgements_xlsx(&judged, &label, as_of, Cursor::new(Vec::new()))?;
        Ok(self.workbook("judge.title", &label, &as_of.to_string(), made))
    }

    /// The verification sheet that asks for what the tables lack: of one site, or of a scope.
    pub fn questions_file(
        &self,
        scope: &LedgerScope,
        site_code: Option<&str>,
        as_of: Date,
    ) -> Result<MadeFile, Error> {
        let (asked, label) = match site_code {
            Some(code) => self.judged_alone(code, as_of)?,
            None => (self.questions(scope, as_of)?, self.scope_label(scope)),
        };
        let made = self.questions_xlsx(&asked, &label, as_of, Cursor::new(Vec::new()))?;
        Ok(self.workbook("questions.title", &label, &as_of.to_string(), made))
    }

    fn judged_alone(&self, code: &str, as_of: Date) -> Result<(Vec<SiteJudgement>, String), Error> {
        let judged = self.judge_site(code, as_of)?;
        let label = judged.site_code.clone();
        Ok((vec![judged], label))
    }

    /// The day that papers name: today's where they are of now.
    pub fn told_day(&self, as_of: AsOf) -> String {
        match as_of {
            AsOf::Now => self.today().to_string(),
            other => other.to_string(),
        }
    }

    pub(crate) fn workbook(
        &self,
        title: &str,
        scope: &str,
        day: &str,
        made: Cursor<Vec<u8>>,
    ) -> MadeFile {
        MadeFile {
            name: format!(
                "{}-{scope}-{day}{}.xlsx",
                self.messages.text(title, &[]),
                self.name_mark()
            ),
            format: "xlsx".to_owned(),
            media_type: XLSX,
            bytes: made.into_inner(),
        }
    }
}
